/** One raw sample as it was scraped. */
export interface Sample {
  /** Time of the scrape by Prometheus's clock, ms since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** The raw samples of one series, oldest first; `__name__` is among the labels. */
export interface Series {
  readonly labels: Labels;
  readonly samples: readonly Sample[];
}

export type Labels = Readonly<Record<string, string>>;
