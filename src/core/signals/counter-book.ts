import type { Labels, Sample, Series } from './samples.ts';

/** How the series of one query belong together. */
export interface CounterRules {
  /** Labels that tell apart the series of one target and one subject (status, method, `le`), beside the name. */
  readonly dimensions: ReadonlySet<string>;
  /**
   * Whether a series leads its group: it is there from the first scrape of the process, and falls only
   * when the process has restarted. It proves that others began at zero.
   */
  readonly leads: (labels: Labels) => boolean;
}

/** The newest sample of a series that was counted. */
interface Point {
  readonly at: number;
  readonly value: number;
}

/** What one target says of one subject (a cluster, a model's version): all of it is scraped together. */
export interface CounterGroup {
  /** Labels shared by its series. */
  readonly labels: Labels;
  /** Time of the newest scrape. */
  readonly at: number;
  /** Time between scrapes, the newest last; at most `SPACINGS_KEPT`. */
  readonly spacingsMs: readonly number[];
  readonly series: ReadonlyMap<string, SeriesState>;
}

export interface SeriesState {
  readonly labels: Labels;
  readonly leads: boolean;
  /** Undefined while the series never had a usable value. */
  readonly point: Point | undefined;
  /** The newest sample where it is no count: NaN, infinite or negative. */
  readonly unusable: Sample | undefined;
}

/** How far the counters of one query have been counted. Plain values; a look returns a new one. */
export interface CounterBook {
  readonly groups: ReadonlyMap<string, CounterGroup>;
  /** Time of the previous look by Prometheus's clock; undefined before the first. */
  readonly lookedAt: number | undefined;
}

/** What a series grew by from one scrape to the next; never negative. */
export interface Increment {
  readonly group: string;
  readonly labels: Labels;
  /** The scrape it counts from, exclusive, and to, inclusive. */
  readonly from: number;
  readonly to: number;
  readonly delta: number;
}

export const EMPTY_BOOK: CounterBook = { groups: new Map(), lookedAt: undefined };

/** Enough for a median that one missed scrape does not move. */
const SPACINGS_KEPT = 9;

/** A target that was not scraped for so long is forgotten; when it comes back it is a new one. */
const FORGET_AFTER_MS = 15 * 60_000;

/**
 * Counts the raw samples of one look. Nothing is counted twice, however the looks overlap, and nothing
 * before the first look: that one only sets the baseline.
 *
 * A counter that fell, or whose leader fell, counts from zero. A series that was absent from an earlier
 * scrape of its target was born since and counts from zero; one that arrives together with its target may
 * be of any age, and its first sample is its baseline.
 */
export function countSamples(
  book: CounterBook,
  found: readonly Series[],
  lookedAt: number,
  rules: CounterRules,
): { readonly book: CounterBook; readonly increments: readonly Increment[] } {
  const increments: Increment[] = [];
  const groups = new Map<string, CounterGroup>();
  for (const [key, group] of book.groups) {
    if (lookedAt - group.at <= FORGET_AFTER_MS) groups.set(key, group);
  }
  for (const [key, members] of groupSeries(found, rules)) {
    const known = groups.get(key);
    const countFrom = known ? Number.NEGATIVE_INFINITY : (book.lookedAt ?? Number.POSITIVE_INFINITY);
    const counted = countGroup(key, known, members, rules);
    groups.set(key, counted.group);
    for (const increment of counted.increments) {
      if (increment.to > countFrom) increments.push(increment);
    }
  }
  return { book: { groups, lookedAt }, increments };
}

/** Time between the scrapes of a target, ms; undefined while fewer than two were seen. */
export function scrapeIntervalMs(group: CounterGroup): number | undefined {
  if (group.spacingsMs.length === 0) return undefined;
  return [...group.spacingsMs].sort((a, b) => a - b)[Math.floor((group.spacingsMs.length - 1) / 2)];
}

/** A series of an answer, with what names it within its group. */
interface Member extends Series {
  readonly key: string;
}

function groupSeries(found: readonly Series[], rules: CounterRules): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const { labels, samples } of found) {
    const { group, key } = keysOf(labels, rules.dimensions);
    const member = { labels, samples, key };
    const members = groups.get(group);
    if (members) members.push(member);
    else groups.set(group, [member]);
  }
  return groups;
}

function countGroup(
  key: string,
  known: CounterGroup | undefined,
  members: readonly Member[],
  rules: CounterRules,
): { readonly group: CounterGroup; readonly increments: readonly Increment[] } {
  const times = scrapeTimes(members);
  const restarts: Fall[] = [];
  const leads = members.map(({ labels }) => rules.leads(labels));
  members.forEach((member, i) => {
    if (leads[i]) restarts.push(...fallsOf(member, known?.series.get(member.key)?.point));
  });
  const series = new Map(known?.series);
  const increments: Increment[] = [];
  members.forEach((member, i) => {
    const { labels, samples } = member;
    const before = series.get(member.key);
    const start = before?.point ?? birthOf(member, known?.at, times);
    const counted = countSeries(samples, start, restarts);
    for (const { from, to, delta } of counted.steps) increments.push({ group: key, labels, from, to, delta });
    const unusable = unusableNewest(samples, before);
    series.set(member.key, { labels, leads: leads[i] === true, point: counted.point, unusable });
  });
  const labels = known?.labels ?? sharedLabels(members, rules);
  return { group: { labels, series, ...paceOf(known, times) }, increments };
}

/** A leader fell between two scrapes. */
interface Fall {
  readonly after: number;
  readonly by: number;
}

type Step = Pick<Increment, 'from' | 'to' | 'delta'>;

function countSeries(
  samples: readonly Sample[],
  start: Point | undefined,
  restarts: readonly Fall[],
): { readonly point: Point | undefined; readonly steps: readonly Step[] } {
  const steps: Step[] = [];
  let point = start;
  for (const { at, value } of samples) {
    if (!isCount(value)) continue;
    if (point !== undefined) {
      const { at: from, value: previous } = point;
      if (at <= from) continue;
      const restarted = value < previous || restarts.some(({ after, by }) => after >= from && by <= at);
      steps.push({ from, to: at, delta: restarted ? value : value - previous });
    }
    point = { at, value };
  }
  return { point, steps };
}

/** Zero at the last scrape that did not have the series yet, or undefined where none is known. */
function birthOf(
  series: Series,
  lastScrape: number | undefined,
  times: readonly number[],
): Point | undefined {
  const first = series.samples[0]?.at;
  if (first === undefined) return undefined;
  const earlier = times.findLast((at) => at < first) ?? lastScrape;
  return earlier !== undefined && earlier < first ? { at: earlier, value: 0 } : undefined;
}

/** Where a leader fell: between which two scrapes. */
function fallsOf(
  leader: Series,
  start: Point | undefined,
): { readonly after: number; readonly by: number }[] {
  const falls: { after: number; by: number }[] = [];
  let previous = start;
  for (const { at, value } of leader.samples) {
    if (!isCount(value) || (previous && at <= previous.at)) continue;
    if (previous && value < previous.value) falls.push({ after: previous.at, by: at });
    previous = { at, value };
  }
  return falls;
}

function unusableNewest(samples: readonly Sample[], before: SeriesState | undefined): Sample | undefined {
  const newest = samples.at(-1);
  if (newest === undefined || (before?.point && newest.at < before.point.at)) return before?.unusable;
  return isCount(newest.value) ? undefined : newest;
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function scrapeTimes(members: readonly Series[]): readonly number[] {
  const times = new Set<number>();
  for (const { samples } of members) for (const { at } of samples) times.add(at);
  return [...times].sort((a, b) => a - b);
}

function paceOf(
  known: CounterGroup | undefined,
  times: readonly number[],
): Pick<CounterGroup, 'at' | 'spacingsMs'> {
  const spacingsMs = [...(known?.spacingsMs ?? [])];
  let at = known?.at;
  for (const time of times) {
    if (at !== undefined && time > at) spacingsMs.push(time - at);
    at = at === undefined ? time : Math.max(at, time);
  }
  return { at: at ?? 0, spacingsMs: spacingsMs.slice(-SPACINGS_KEPT) };
}

function sharedLabels(members: readonly Series[], rules: CounterRules): Labels {
  const all = Object.entries(members[0]?.labels ?? {});
  return Object.fromEntries(all.filter(([label]) => label !== '__name__' && !rules.dimensions.has(label)));
}

/**
 * The keys of a series and of its group: labels in the order of their names, which is how Prometheus sends
 * them. A look at a large mesh makes tens of thousands, so they are made in one pass.
 */
function keysOf(
  labels: Labels,
  dimensions: ReadonlySet<string>,
): { readonly group: string; readonly key: string } {
  let group = '';
  let key = '';
  for (const name of namesOf(labels)) {
    const part = `${name}\u0000${labels[name]}\u0000`;
    if (name === '__name__' || dimensions.has(name)) key += part;
    else group += part;
  }
  return { group, key };
}

function namesOf(labels: Labels): readonly string[] {
  const names = Object.keys(labels);
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.sort();
  }
  return names;
}
