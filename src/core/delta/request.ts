import { FieldReader } from './wire.ts';

/** A `DiscoveryRequest` or `DeltaDiscoveryRequest`, parsed as far as every request needs it. */
export interface DiscoveryRequest {
  readonly typeUrl: string;
  /** `response_nonce`; empty in a request that answers nothing. */
  readonly nonce: string;
  /** The serialised `Node`, if the request carries one. */
  readonly node: Buffer | undefined;
  /** `error_detail.message` of a NACK. */
  readonly error: string | undefined;
  /** The fields that name resources, as they came: equal bytes are an equal subscription. */
  readonly rawNames: Buffer | undefined;
  /** Delta only: what the client has, by name; undefined when it has nothing. */
  readonly initialVersions: Buffer | undefined;
}

interface FieldNumbers {
  readonly node: number;
  readonly typeUrl: number;
  readonly nonce: number;
  readonly error: number;
  /** Fields that name resources, in ascending order. */
  readonly names: readonly number[];
  readonly initialVersions: number;
}

const DELTA: FieldNumbers = { node: 1, typeUrl: 2, names: [3, 4], initialVersions: 5, nonce: 6, error: 7 };
const SOTW: FieldNumbers = { node: 2, names: [3], typeUrl: 4, nonce: 5, error: 6, initialVersions: -1 };

/** Field numbers within `rawNames`. */
export const SUBSCRIBE = 3;
export const UNSUBSCRIBE = 4;

/** @throws {MalformedMessage} */
export function parseDeltaRequest(bytes: Buffer): DiscoveryRequest {
  return parse(bytes, DELTA, []);
}

/**
 * An acknowledgement carries all names again, thousands perhaps: where they are the bytes of one of `known`
 * they are recognised at once.
 *
 * @throws {MalformedMessage}
 */
export function parseSotwRequest(bytes: Buffer, known: Iterable<Buffer> = []): DiscoveryRequest {
  return parse(bytes, SOTW, known);
}

function parse(bytes: Buffer, fields: FieldNumbers, known: Iterable<Buffer>): DiscoveryRequest {
  const reader = new FieldReader(bytes);
  const names = new FieldRun(bytes);
  const versions = new FieldRun(bytes);
  const first = fields.names[0];
  const second = fields.names[1];
  let typeUrl = '';
  let nonce = '';
  let node: Buffer | undefined;
  let error: string | undefined;
  while (reader.next()) {
    const field = reader.field;
    if (field === first || field === second) names.add(reader, known);
    else if (field === fields.typeUrl) typeUrl = reader.text();
    else if (field === fields.nonce) nonce = reader.text();
    else if (field === fields.initialVersions) versions.add(reader);
    else if (field === fields.node) node = bytes.subarray(reader.enter(), reader.position);
    else if (field === fields.error) error = statusMessage(bytes, reader.enter(), reader.position);
    else reader.skip();
  }
  return { typeUrl, nonce, node, error, rawNames: names.bytes(), initialVersions: versions.bytes() };
}

/** Length-delimited fields that stand together; copied only where others stand between them. */
class FieldRun {
  readonly #message: Buffer;
  #start = -1;
  #end = -1;
  #apart: Buffer[] | undefined;

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** Takes the field that the reader is at, and those that follow where they are known. */
  add(reader: FieldReader, known: Iterable<Buffer> = []): void {
    if (this.#start >= 0 || !reader.skipKnown(known)) reader.enter();
    if (this.#start < 0) this.#start = reader.start;
    else if (this.#end !== reader.start) {
      this.#apart ??= [];
      this.#apart.push(this.#message.subarray(this.#start, this.#end));
      this.#start = reader.start;
    }
    this.#end = reader.position;
  }

  bytes(): Buffer | undefined {
    if (this.#start < 0) return undefined;
    const run = this.#message.subarray(this.#start, this.#end);
    return this.#apart ? Buffer.concat([...this.#apart, run]) : run;
  }
}

/** Of the text of a rejection so much is kept, bytes: it stays for as long as the rejection stands. */
const REJECTION_BYTES = 16 * 1024;

/** `google.rpc.Status.message`; a NACK without one still is a NACK. */
function statusMessage(bytes: Buffer, start: number, end: number): string {
  const reader = new FieldReader(bytes, start, end);
  let message = '';
  while (reader.next()) {
    if (reader.field === 2) message = reader.text(REJECTION_BYTES);
    else reader.skip();
  }
  return message || 'rejected without a reason';
}

/**
 * The names in `rawNames` under one of its field numbers, each once, in their order. Reading ends when there are
 * more than `most`: that many are refused, and need not be read for it.
 */
export function namesIn(
  rawNames: Buffer | undefined,
  field: number,
  most = Number.POSITIVE_INFINITY,
): Set<string> {
  const names = new Set<string>();
  if (!rawNames) return names;
  const reader = new FieldReader(rawNames);
  while (names.size <= most && reader.next()) {
    if (reader.field === field) names.add(reader.text());
    else reader.skip();
  }
  return names;
}

/** Entries of `initial_resource_versions`. */
export function versionsIn(raw: Buffer): Map<string, string> {
  const versions = new Map<string, string>();
  const entries = new FieldReader(raw);
  while (entries.next()) {
    const start = entries.enter();
    const entry = new FieldReader(raw, start, entries.position);
    let name = '';
    let version = '';
    while (entry.next()) {
      if (entry.field === 1) name = entry.text();
      else if (entry.field === 2) version = entry.text();
      else entry.skip();
    }
    versions.set(name, version);
  }
  return versions;
}
