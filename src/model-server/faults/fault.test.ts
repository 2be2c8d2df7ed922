import { describe, expect, it } from 'vitest';
import { decideEffect, parseFault, seededDraws } from './fault.ts';

describe('a fault', () => {
  it('is read with what it leaves out filled in', () => {
    expect(parseFault({ failPercent: 30 })).toEqual({
      failPercent: 30,
      code: 'INTERNAL',
      delayMs: 0,
      delayPercent: 100,
    });
  });

  it.each([
    [{ failPercent: 101 }, 'failPercent'],
    [{ code: 'TEAPOT' }, 'code'],
    [{ delayMs: -1 }, 'delayMs'],
    [{ failpercent: 1 }, 'failpercent'],
    ['30%', 'fault'],
  ])('%j is refused, naming %s', (value, field) => {
    expect(() => parseFault(value)).toThrow(field);
  });

  it('fails the given share of the calls, the same ones for the same seed', () => {
    const fault = parseFault({ failPercent: 30, code: 'UNAVAILABLE' });
    const failures = (seed: number) => {
      const draw = seededDraws(seed);
      return Array.from({ length: 10_000 }, () => decideEffect(fault, [draw(), draw()]).failure?.code);
    };
    const share = failures(1).filter((code) => code === 'UNAVAILABLE').length / 10_000;
    expect(share).toBeGreaterThan(0.28);
    expect(share).toBeLessThan(0.32);
    expect(failures(1)).toEqual(failures(1));
    expect(failures(1)).not.toEqual(failures(2));
  });

  it('delays', () => {
    expect(decideEffect(parseFault({ delayMs: 20 }), [0.5, 0.5])).toEqual({ delayMs: 20 });
    expect(decideEffect(parseFault({ delayMs: 20, delayPercent: 10 }), [0.5, 0.5])).toEqual({ delayMs: 0 });
  });
});
