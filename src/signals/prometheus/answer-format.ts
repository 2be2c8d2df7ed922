import type { Answer } from '../../core/signals/answer.ts';
import type { Labels, Sample, Series } from '../../core/signals/samples.ts';

/** The HTTP API's envelope. */
export type Envelope =
  | { readonly kind: 'data'; readonly answer: Answer; readonly warnings: readonly string[] }
  | { readonly kind: 'error'; readonly errorType: string; readonly error: string }
  | { readonly kind: 'malformed'; readonly problem: string };

/** Reads the JSON of the query endpoints (`/api/v1/query`, `/api/v1/query_range`). Never throws. */
export function parseEnvelope(text: string): Envelope {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'malformed', problem: 'it is no JSON' };
  }
  if (!isObject(json)) return { kind: 'malformed', problem: 'it is no JSON object' };
  if (json.status === 'error') {
    return { kind: 'error', errorType: String(json.errorType ?? ''), error: String(json.error ?? '') };
  }
  if (json.status !== 'success' || !isObject(json.data)) {
    return { kind: 'malformed', problem: 'it has neither data nor an error' };
  }
  try {
    return { kind: 'data', answer: parseData(json.data), warnings: textsOf(json.warnings) };
  } catch (error) {
    return { kind: 'malformed', problem: error instanceof Error ? error.message : String(error) };
  }
}

function parseData({ resultType, result }: Record<string, unknown>): Answer {
  switch (resultType) {
    case 'scalar':
      return { kind: 'scalar', sample: parseSample(result) };
    case 'string':
      return { kind: 'string', text: Array.isArray(result) ? String(result[1]) : '' };
    case 'vector':
      return { kind: 'vector', elements: listOf(result).flatMap(parseElement) };
    case 'matrix':
      return { kind: 'matrix', series: listOf(result).flatMap(parseSeries) };
    default:
      throw new Error(`its resultType is ${JSON.stringify(resultType)}`);
  }
}

/** Native histograms have no `value`; they are not read. */
function parseElement(element: unknown): { labels: Labels; sample: Sample }[] {
  if (!isObject(element)) throw new Error('an element is no object');
  if (element.value === undefined) return [];
  return [{ labels: parseLabels(element.metric), sample: parseSample(element.value) }];
}

function parseSeries(series: unknown): Series[] {
  if (!isObject(series)) throw new Error('a series is no object');
  if (series.values === undefined) return [];
  return [{ labels: parseLabels(series.metric), samples: listOf(series.values).map(parseSample) }];
}

function parseSample(pair: unknown): Sample {
  if (!Array.isArray(pair) || typeof pair[0] !== 'number' || typeof pair[1] !== 'string') {
    throw new Error('a sample is no pair of a time and a text');
  }
  return { at: Math.round(pair[0] * 1000), value: parseValue(pair[1]) };
}

function parseValue(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw new Error(`${JSON.stringify(text)} is no number`);
  return value;
}

function parseLabels(metric: unknown): Labels {
  if (!isObject(metric)) throw new Error('the labels are no object');
  for (const value of Object.values(metric)) {
    if (typeof value !== 'string') throw new Error('a label is no text');
  }
  return metric as Labels;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('its result is no list');
  return value;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
