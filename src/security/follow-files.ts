/**
 * Looks at files again and again. Looking is what works everywhere: certificates are replaced by renames, in place,
 * and by a symbolic link two folders up (as Kubernetes mounts a Secret), of which watchers miss some.
 */
export interface FollowedFiles {
  /** Looks now. */
  look(): Promise<void>;
  close(): Promise<void>;
}

export interface FollowOptions<Content> {
  readonly intervalMs: number;
  /** What the files hold now; throws where that cannot be used. */
  readonly read: () => Promise<Content>;
  /** Equal contents are no change. */
  readonly isSame: (before: Content, after: Content) => boolean;
  readonly apply: (content: Content) => void | Promise<void>;
  /** Told once for each problem that lasts: files that belong together are never replaced at one moment. */
  readonly onProblem: (error: Error) => void;
}

/** Looks in a row that must find the same problem before it is told. */
const LASTING = 3;

/** Follows files from what they held at first; what cannot be used leaves the last good content in force. */
export function followFiles<Content>(first: Content, options: FollowOptions<Content>): FollowedFiles {
  let current = first;
  let problem = '';
  let seen = 0;
  const lookOnce = async (): Promise<void> => {
    try {
      const next = await options.read();
      problem = '';
      if (options.isSame(current, next)) return;
      current = next;
      await options.apply(next);
    } catch (error) {
      const found = error instanceof Error ? error : new Error(String(error));
      seen = found.message === problem ? seen + 1 : 1;
      problem = found.message;
      if (seen === LASTING) options.onProblem(found);
    }
  };
  let looking: Promise<void> = Promise.resolve();
  const look = (): Promise<void> => {
    looking = looking.then(lookOnce);
    return looking;
  };
  const timer = setInterval(() => void look(), options.intervalMs);
  return {
    look,
    close: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}
