/** A parser that faces the network or a file. */
export interface Target {
  readonly name: string;
  /** Valid inputs, which are changed. */
  readonly seeds: readonly Buffer[];
  /** Half of the inputs are JSON like the seeds: values are changed and not bytes. */
  readonly isJson?: boolean;
  /** Reads the bytes. What it throws must be what it is said to throw, of these names; anything else is a finding. */
  readonly read: (bytes: Buffer) => void | Promise<void>;
  readonly refuses: readonly string[];
}

/** Texts as inputs. */
export function texts(...given: readonly string[]): Buffer[] {
  return given.map((each) => Buffer.from(each));
}

/** What is no JSON is refused before it reaches a parser of ours. */
class NoJson extends Error {
  override readonly name = 'NoJson';
}

/** @throws {NoJson} */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new NoJson();
  }
}

/** What a parser promises of what it gives back. @throws where it does not hold, which is a finding */
export function promise(holds: boolean, what: string): void {
  if (!holds) throw new PromiseBroken(what);
}

class PromiseBroken extends Error {
  override readonly name = 'PromiseBroken';
}
