/** Limits and delays of the server. */
export interface XdsSettings {
  /** During a burst of publications streams are told at most once in this time; the first is told at once. */
  readonly coalesceMs: number;
  /** Removed clusters and endpoints stay until the route changes that came with them are acknowledged, at most this long. */
  readonly removalDeadlineMs: number;
  /** Routes and listeners wait on a stream for its clusters to be acknowledged (that is: warm), at most this long. */
  readonly warmingDeadlineMs: number;
  /** A stream that takes no bytes, or acknowledges nothing while its window is full, is ended after this long. */
  readonly stallDeadlineMs: number;
  /** Answers of one type that may be unacknowledged on a stream before further changes wait. */
  readonly unacknowledgedAnswers: number;
  /** Largest request that is read, bytes. */
  readonly requestBytes: number;
  /** Names that one stream may subscribe to, per type. */
  readonly namesPerType: number;
  /** A delta answer is split when it would be larger than this, bytes. */
  readonly answerBytes: number;
  /** Calls that one connection may have at once. */
  readonly streamsPerConnection: number;
  /** Connections, and calls on all of them, that one client identity may have at once. */
  readonly connectionsPerIdentity: number;
  readonly streamsPerIdentity: number;
  /** How often sidecars report their load; 0 asks for none. */
  readonly loadReportIntervalMs: number;
  /** Quiet connections are asked for a sign of life this often. */
  readonly keepaliveMs: number;
  /** At shutdown answers under way have this long to go out. */
  readonly closeDeadlineMs: number;
}

export const DEFAULT_SETTINGS: XdsSettings = {
  coalesceMs: 10,
  removalDeadlineMs: 5_000,
  warmingDeadlineMs: 15_000, // Envoy itself stops waiting for endpoints after 15 s
  stallDeadlineMs: 30_000,
  unacknowledgedAnswers: 32,
  requestBytes: 4 * 1024 * 1024, // a hundred thousand names of 40 bytes
  namesPerType: 25_000, // ten thousand services twice over; to read so many takes tens of ms
  answerBytes: 256 * 1024,
  streamsPerConnection: 100_000, // of which an Envoy needs half a dozen, and a proxy before many of them more
  connectionsPerIdentity: 5_000, // the sidecars of one workload have one identity, and a connection each
  streamsPerIdentity: 50_000,
  loadReportIntervalMs: 1_000,
  keepaliveMs: 30_000,
  closeDeadlineMs: 2_000,
};
