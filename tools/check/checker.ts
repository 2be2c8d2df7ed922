/** What a checker read and found. */
export interface Finding {
  readonly filesRead: number;
  /** For people, ready to print; empty when nothing is wrong. */
  readonly problems: string;
}

/** One of the tools behind `make check`. */
export interface Checker {
  readonly name: string;
  /** A checker that reads fewer files than this has not checked anything, whatever it says. */
  readonly minimumFiles: number;
  readonly check: () => Promise<Finding>;
}

/** The finding, or a problem made of the fact that the checker read too little. */
export function accept(finding: Finding, minimumFiles: number): Finding {
  if (finding.problems !== '' || finding.filesRead >= minimumFiles) return finding;
  const problems = `read ${finding.filesRead} files where there are ${minimumFiles}: is its configuration right?`;
  return { ...finding, problems };
}
