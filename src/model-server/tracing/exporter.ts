import { hostname } from 'node:os';
import type { OtlpSpan } from './spans.ts';

export interface ExporterSettings {
  /** The collector's HTTP address, such as `http://127.0.0.1:4318`; spans go to `/v1/traces` under it. */
  readonly endpoint: string;
  readonly onTrouble: (message: string) => void;
}

/** Sends spans to an OpenTelemetry collector. */
export interface SpanExporter {
  add(spans: readonly OtlpSpan[]): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

const SEND_EVERY_MS = 1_000;
const MAX_PENDING = 4_096;
const TIMEOUT_MS = 5_000;
const SERVICE_NAME = 'penstock-model-server';

/**
 * Collects spans and sends them once a second by OTLP over HTTP in JSON. Spans that the collector does not take are
 * dropped: a trace must not cost a call.
 */
export function openExporter({ endpoint, onTrouble }: ExporterSettings): SpanExporter {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  let pending: OtlpSpan[] = [];
  let lastTrouble = '';
  const send = async () => {
    const spans = pending;
    pending = [];
    if (spans.length === 0) return;
    const trouble = await post(url, spans);
    if (trouble !== '' && trouble !== lastTrouble) onTrouble(`${spans.length} spans are lost: ${trouble}`);
    lastTrouble = trouble;
  };
  const timer = setInterval(() => void send(), SEND_EVERY_MS);
  timer.unref();
  return {
    add(spans) {
      if (pending.length < MAX_PENDING) pending.push(...spans);
    },
    async close() {
      clearInterval(timer);
      await send();
    },
  };
}

/** Sends spans; returns what went wrong, or an empty text. */
async function post(url: string, spans: readonly OtlpSpan[]): Promise<string> {
  const attributes = [
    { key: 'service.name', value: { stringValue: SERVICE_NAME } },
    { key: 'host.name', value: { stringValue: hostname() } },
  ];
  const body = {
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: SERVICE_NAME }, spans }] }],
  };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.ok ? '' : `${url} answers ${response.status}`;
  } catch (error) {
    return `${url}: ${(error as Error).message}`;
  }
}
