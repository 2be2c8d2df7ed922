import { describe, expect, it } from 'vitest';
import { commandConflict } from './command-rules.ts';

describe('what may be asked in a phase', () => {
  it.each([
    ['promote', 'Paused', undefined],
    ['promote', 'Completed', /nothing left to promote/],
    ['pause', 'Progressing', undefined],
    ['pause', 'RolledBack', /nothing to pause/],
    ['resume', 'Frozen', undefined],
    ['resume', 'Progressing', /not held/],
    ['abort', 'Pending', undefined],
    ['abort', 'Completed', undefined],
    ['abort', 'RollingBack', /on its way/],
    ['retry', 'RolledBack', undefined],
    ['retry', 'Completed', /only a rolled-back/],
  ] as const)('%s while %s', (action, phase, expected) => {
    const conflict = commandConflict(action, phase);
    if (expected === undefined) expect(conflict).toBeUndefined();
    else expect(conflict).toMatch(expected);
  });
});
