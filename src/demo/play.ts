import { join } from 'node:path';
import type { ControllerStatus } from '../core/status/status.ts';
import { readDigits } from './digits.ts';
import { AUTHORITY, type ClientSidecar } from './layout.ts';
import { type Load, startLoad } from './load.ts';
import type { Narrator } from './narrator.ts';
import type { DemoReport } from './report.ts';
import { type Act, type ActFigures, type Stage, StoryBroken } from './stage.ts';
import { judge } from './tally.ts';
import { waitUntil } from './wait-until.ts';
import type { World } from './world.ts';

export interface PlayOptions {
  readonly world: World;
  readonly acts: readonly Act[];
  readonly narrator: Narrator;
  readonly modelsDirectory: string;
  readonly callsPerSecond: number;
  readonly users: number;
}

/**
 * Plays the acts in order under the users' load and puts their figures together. An act that does not go as
 * told is noted, and ends the story: the later ones build on it.
 */
export async function playStory(options: PlayOptions): Promise<Partial<DemoReport>> {
  const { world, acts, narrator } = options;
  const startedAt = performance.now();
  const samples = readDigits(join(options.modelsDirectory, 'digits-samples.json'), 'digits');
  const load = startLoad({
    target: addressOf(world.layout.clients[0]),
    authority: AUTHORITY,
    samples,
    callsPerSecond: options.callsPerSecond,
    users: Array.from({ length: options.users }, (_, i) => `user-${i}`),
  });
  const greedyLoads: Load[] = [];
  const stage: Stage = {
    layout: world.layout,
    narrator,
    admin: world.admin,
    load,
    callsPerSecond: options.callsPerSecond,
    startGreedyLoad(callsPerSecond) {
      const target = addressOf(world.layout.clients[1]);
      const greedy = startLoad({ target, authority: AUTHORITY, samples, callsPerSecond, users: ['greedy'] });
      greedyLoads.push(greedy);
      return greedy;
    },
    setFault: (names, fault) => world.setFault(names, fault),
    writeSpecs: (rollout) => world.writeSpecs(rollout),
    restartPenstock: () => world.restartPenstock(),
    readPrometheusAlone: (scrapeInterval) => world.readPrometheusAlone(scrapeInterval),
  };
  try {
    await callsAreAnswered(load);
    const { figures, story } = await playActs(acts, stage);
    const status = await world.admin.fetch<ControllerStatus>('status');
    return {
      ...figures,
      story,
      pushToAckMs: { p50: status.pushToAckMs?.p50 ?? Number.NaN, p99: status.pushToAckMs?.p99 ?? Number.NaN },
      calls: load.since(0).length,
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    await Promise.all([load, ...greedyLoads].map((each) => each.stop()));
  }
}

async function playActs(acts: readonly Act[], stage: Stage) {
  let figures: Partial<DemoReport> = {};
  const story: DemoReport['story'][number][] = [];
  for (const act of acts) {
    stage.narrator.chapter(act.title);
    const startedAt = performance.now();
    const seconds = (): number => (performance.now() - startedAt) / 1000;
    try {
      figures = mergeFigures(figures, await act.play(stage));
      story.push({ name: act.name, passed: true, seconds: seconds() });
      stage.narrator.passed(`${act.name}: as told, in ${seconds().toFixed(1)} s`);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (!(error instanceof StoryBroken) && error instanceof TypeError) throw error;
      story.push({ name: act.name, passed: false, seconds: seconds(), problem });
      stage.narrator.failed(`${act.name}: ${problem}`);
      break;
    }
  }
  return { figures, story };
}

/** Adds an act's figures: losses are summed, everything else is laid over what is there. */
export function mergeFigures(report: Partial<DemoReport>, figures: ActFigures): Partial<DemoReport> {
  const merged: Record<string, unknown> = { ...report };
  for (const [key, value] of Object.entries(figures)) {
    const before = merged[key];
    if (key === 'lostRequests') merged[key] = addNumbers(before, value);
    else if (isRecord(before) && isRecord(value)) merged[key] = { ...before, ...value };
    else merged[key] = value;
  }
  return merged as Partial<DemoReport>;
}

function addNumbers(a: unknown, b: unknown): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const each of [a, b]) {
    if (!isRecord(each)) continue;
    for (const [key, value] of Object.entries(each)) sum[key] = (sum[key] ?? 0) + Number(value);
  }
  return sum;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addressOf(client: ClientSidecar | undefined): string {
  return `127.0.0.1:${client?.port ?? 0}`;
}

/** The story begins when a second of calls went well. */
async function callsAreAnswered(load: Load): Promise<void> {
  await waitUntil('the users get answers', () => {
    const recent = load.since(performance.now() - 1000);
    return recent.length >= 20 && recent.every((each) => judge(each) === 'ok');
  });
}
