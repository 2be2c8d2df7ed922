import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startPenstock, temporaryFolder } from './penstock-process.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

// The whole demo is run by itself; here, what it does not show: Prometheus alone, scraping every 5 s.
it('a failing candidate is out of traffic within 30 s by Prometheus alone', {
  timeout: 280_000,
}, async () => {
  const file = join(folder.path, 'report.json');
  const options = ['--only', 'rollback', '--signals', 'prometheus', '--report', file];
  const running = startPenstock(['demo', ...options]);
  const timer = setTimeout(() => running.child.kill('SIGTERM'), 260_000);
  const { code, stdout, stderr } = await running.ended;
  clearTimeout(timer);
  expect(`${stderr}\n${stdout}`).toContain('decided by');
  expect(code).toBe(0);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const number = expect.any(Number);
  expect(report).toMatchObject({
    story: [
      { name: 'promotion', passed: true, seconds: number },
      { name: 'rollback', passed: true, seconds: number },
    ],
    rollback: { afterSeconds: number, failedRequests: number, source: 'prometheus' },
    promotion: { afterSeconds: number },
    lostRequests: { byWeights: 0, byRestart: 0 },
    usersMovedBack: 0,
    pushToAckMs: { p50: number, p99: number },
    restart: { reconnectedAfterSeconds: number },
  });
  expect(report.rollback.afterSeconds).toBeLessThanOrEqual(30);
  expect(report.rollback.failedRequests).toBeGreaterThan(0);
  expect(report.restart.weightsAfter).toBe(report.restart.weightsBefore);
});
