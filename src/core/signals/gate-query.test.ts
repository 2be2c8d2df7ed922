import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderQuery } from './gate-query.ts';

const values = {
  version: 'v1.2',
  interval: '30s',
  tenant: `a"b'c\\d`,
  lines: 'one\ntwo',
  pattern: 'x.*|y',
  tick: 'a`b',
};

describe('renderQuery', () => {
  test.each([
    ['up{v="{{version}}"}', 'up{v="v1.2"}'],
    ['up{v="{{ version }}"}', 'up{v="v1.2"}'],
    ['up{v=~"{{version}}"}', 'up{v=~"v1\\\\.2"}'],
    ['up{v!~ "x|{{version}}"}', 'up{v!~ "x|v1\\\\.2"}'],
    ["up{v='{{tenant}}'}", "up{v='a\"b\\'c\\\\d'}"],
    ['up{v="{{tenant}}"}', 'up{v="a\\"b\'c\\\\d"}'],
    ['up{v="{{lines}}"}', 'up{v="one\\ntwo"}'],
    ['up{v="\\"{{pattern}}"}', 'up{v="\\"x.*|y"}'],
    ['up{v=~`{{version}}`}', 'up{v=~`v1\\.2`}'],
    ['rate(x[{{interval}}]) > {{version}}', 'rate(x[30s]) > v1.2'],
    ['{a=~"b", c="{{pattern}}"}', '{a=~"b", c="x.*|y"}'],
    ["up # isn't {{nobody}}\n{v='{{tick}}'}", "up # isn't {{nobody}}\n{v='a`b'}"],
    ['up{v="#{{tick}}"} # the end', 'up{v="#a`b"} # the end'],
  ])('%s', (template, query) => {
    expect(renderQuery(template, values)).toEqual({ ok: true, query });
  });

  test.each([
    ['{{nobody}}', '{{nobody}} has no value; known are interval, lines, pattern, tenant, tick, version'],
    ['{{toString}}', '{{toString}} has no value; known are interval, lines, pattern, tenant, tick, version'],
    ["up # isn't\n or {{pattern}}", '{{pattern}} is "x.*|y", which must stand in quotes'],
    ['up or {{pattern}}', '{{pattern}} is "x.*|y", which must stand in quotes'],
    ['up{v=`{{tick}}`}', '{{tick}} has a backtick, which cannot stand between backticks'],
  ])('%s is refused', (template, problem) => {
    expect(renderQuery(template, values)).toEqual({ ok: false, problem });
  });

  test('no value leaves its string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('"', "'"), (value, quote) => {
        const rendered = renderQuery(`up{v=${quote}{{x}}${quote}}`, { x: value });
        expect(rendered.ok).toBe(true);
        if (!rendered.ok) return;
        const inside = rendered.query.slice('up{v="'.length, -'"}'.length);
        const unescaped = inside.replace(/\\(.)/g, '');
        expect(unescaped).not.toContain(quote);
        expect(unescaped).not.toContain('\n');
        expect(unescaped).not.toContain('\\');
      }),
    );
  });
});
