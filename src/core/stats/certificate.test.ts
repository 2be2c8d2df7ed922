import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomial, seeded } from '../../../bench/statistics/random.ts';
import { certify, logCertificate, requestsToCertificate } from './certificate.ts';
import { EMPTY_MIXTURE } from './mixture.ts';

const bounds = { maxRate: 0.01, maxRatio: undefined };

function clean(requests: number, failures = 0) {
  return { requests, failures };
}

describe('the certificate', () => {
  it.each([
    [0.01, 0.05, 299],
    [0.05, 0.05, 59],
    [0.02, 0.05, 149],
    [0.01, 1, 0],
  ])('for at most %f failing at β = %f needs %i clean requests', (maxRate, beta, requests) => {
    expect(requestsToCertificate(EMPTY_MIXTURE, { maxRate, maxRatio: undefined }, beta)).toBe(requests);
  });

  it('is there with that many and not with one fewer', () => {
    expect(logCertificate(certify(EMPTY_MIXTURE, clean(299), undefined, bounds))).toBeGreaterThanOrEqual(
      Math.log(20),
    );
    expect(logCertificate(certify(EMPTY_MIXTURE, clean(298), undefined, bounds))).toBeLessThan(Math.log(20));
  });

  it('says what is still needed, so that exactly that leads to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 5 }), (n, x) => {
        const state = certify(EMPTY_MIXTURE, clean(n + x, x), undefined, bounds);
        const more = requestsToCertificate(state, bounds, 0.05);
        expect(logCertificate(certify(state, clean(more), undefined, bounds))).toBeGreaterThanOrEqual(
          Math.log(20) - 1e-9,
        );
        if (more > 1)
          expect(logCertificate(certify(state, clean(more - 1), undefined, bounds))).toBeLessThan(
            Math.log(20),
          );
      }),
    );
  });

  it('comes for a candidate with a tenth of the tolerated failures', () => {
    const random = seeded(3);
    let state = EMPTY_MIXTURE;
    let requests = 0;
    while (logCertificate(state) < Math.log(20) && requests < 5000) {
      state = certify(state, clean(100, binomial(random, 100, 0.001)), undefined, bounds);
      requests += 100;
    }
    expect(requests).toBeLessThan(2000);
  });

  it('is given to at most β of the candidates at the bound', () => {
    const random = seeded(5);
    let given = 0;
    for (let run = 0; run < 400; run++) {
      let state = EMPTY_MIXTURE;
      for (let look = 0; look < 300 && logCertificate(state) < Math.log(20); look++) {
        state = certify(state, clean(10, binomial(random, 10, 0.01)), undefined, bounds);
      }
      if (logCertificate(state) >= Math.log(20)) given += 1;
    }
    expect(given / 400).toBeLessThanOrEqual(0.08);
  });

  it('comes by comparison where stable itself fails more than the bound', () => {
    const random = seeded(9);
    let state = EMPTY_MIXTURE;
    for (let look = 0; look < 600; look++) {
      const tick = {
        candidate: { requests: 100, failures: binomial(random, 100, 0.02) },
        stable: { requests: 900, failures: binomial(random, 900, 0.02) },
      };
      state = certify(state, tick.candidate, tick, { maxRate: 0.01, maxRatio: 2 });
    }
    expect(logCertificate(state)).toBeGreaterThan(Math.log(20));
  });
});
