/** What is known of the sidecars in front of a service's model servers, which enforce its limits. */
export interface InboundSidecar {
  /** Its node id: shares of a limit are kept by it. */
  readonly id: string;
  /** `ADDRESS:PORT` where callers' sidecars reach it, as their load reports name it. */
  readonly address: string;
  /** Requests a second that it let through, by its newest load report; undefined: not known any more. */
  readonly servedPerSecond: number | undefined;
  /** What limits that count by themselves have to do in it, by limit; one that is missing is not known. */
  readonly limits?: Readonly<Record<string, LimitLoad>>;
  /** It has acknowledged every limit that was published for it alone. */
  readonly acknowledged: boolean;
}

/** Requests a second that a limit counts in one sidecar. */
export interface LimitLoad {
  readonly offeredPerSecond: number;
  readonly admittedPerSecond: number;
}
