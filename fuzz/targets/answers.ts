import { readNumber } from '../../src/core/signals/answer.ts';
import { renderQuery } from '../../src/core/signals/gate-query.ts';
import { parseConsulInstances } from '../../src/discovery/consul-format.ts';
import { parseEnvelope } from '../../src/signals/prometheus/answer-format.ts';
import { jsonOf, promise, type Target, texts } from '../target.ts';

const PROMETHEUS = [
  '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1700000000.1,"17"]}]}}',
  '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"1"],[1700000001,"NaN"]]}]}}',
  '{"status":"error","errorType":"bad_data","error":"no such thing"}',
];
const CONSUL =
  '[{"Node":{"Address":"10.0.0.1","Meta":{"zone":"a"}},"Service":{"Address":"","Port":9000,"Weights":{"Passing":3}}}]';
/** A template, and after a zero byte the value that it is filled with. */
const TEMPLATES = [
  'sum(rate(errors{service="{{v}}",le=~"{{v}}.*"}[{{span}}]))\0fraud',
  "x{a='{{v}}'} or y{b=`{{v}}`} # {{v}}\n+ {{v}}\0a\"b",
];

/**
 * What a query means but for the texts in it: everything outside of strings and comments, as PromQL's lexer reads it.
 * @returns undefined where a string does not end
 */
function skeletonOf(query: string): string | undefined {
  let skeleton = '';
  for (let at = 0; at < query.length; at++) {
    const char = query[at] ?? '';
    if (char === '#') {
      const end = query.indexOf('\n', at);
      at = end < 0 ? query.length : end - 1;
    } else if (char === '"' || char === "'" || char === '`') {
      for (at++; at < query.length && query[at] !== char; at++) if (query[at] === '\\' && char !== '`') at++;
      if (at >= query.length) return undefined;
      skeleton += '""';
    } else skeleton += char;
  }
  return skeleton;
}

/** No value changes what a query means. */
function render(bytes: Buffer): void {
  const text = bytes.toString();
  const zero = text.indexOf('\0');
  const template = zero < 0 ? text : text.slice(0, zero);
  const value = zero < 0 ? '' : text.slice(zero + 1);
  const rendered = renderQuery(template, { v: value, span: '1m' });
  const harmless = renderQuery(template, { v: 'v', span: '1m' });
  // A value of plain characters may stand outside of strings; all others may not.
  if (!rendered.ok || !harmless.ok || /^[A-Za-z0-9_:.]+$/.test(value)) return;
  const skeleton = skeletonOf(harmless.query);
  if (skeleton === undefined) return;
  promise(skeletonOf(rendered.query) === skeleton, 'a value does not change what a query means');
}

/** What we ask others for. */
export const ANSWER_TARGETS: readonly Target[] = [
  {
    name: 'prometheus-answer',
    seeds: texts(...PROMETHEUS),
    isJson: true,
    read: (bytes) => {
      const envelope = parseEnvelope(bytes.toString());
      if (envelope.kind === 'data') readNumber(envelope.answer, 0);
    },
    refuses: [],
  },
  {
    name: 'consul-answer',
    seeds: texts(CONSUL),
    isJson: true,
    read: (bytes) => void parseConsulInstances(jsonOf(bytes)),
    refuses: ['NoJson'],
  },
  { name: 'promql-template', seeds: texts(...TEMPLATES), read: render, refuses: [] },
];
