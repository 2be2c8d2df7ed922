import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { modelServerProgram, penstockProgram, projectDirectory } from '../app/installation.ts';
import { breakerTrip } from './acts/breaker-trip.ts';
import { greedyClient } from './acts/greedy-client.ts';
import { promotion } from './acts/promotion.ts';
import { rollback, rollbackByPrometheus } from './acts/rollback.ts';
import { slowPod } from './acts/slow-pod.ts';
import { wrongAnswers } from './acts/wrong-answers.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { playStory } from './play.ts';
import { reportTable } from './report.ts';
import type { Act } from './stage.ts';
import { type SignalsInUse, World } from './world.ts';

export interface DemoOptions {
  readonly report?: string;
  readonly only?: readonly string[];
  readonly signals: 'load-reports' | 'prometheus';
  readonly scrapeInterval?: string;
  readonly rate: number;
  readonly keep?: true;
  readonly stay: boolean;
}

const USERS = 1000;

/** Plays the story; exit code 1 unless it went as told. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const signals: SignalsInUse = options.signals === 'prometheus' ? 'prometheus' : 'load reports';
  const acts = chooseActs(options.only, signals);
  const narrator = createNarrator();
  const directory = mkdtempSync(join(tmpdir(), 'penstock-demo-'));
  const modelsDirectory = join(projectDirectory(), 'models');
  let world: World | undefined;
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    void world?.stop();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let passed = false;
  try {
    narrator.chapter('Starting, all of it real and on this machine');
    world = await World.start({
      directory,
      modelsDirectory,
      penstock: penstockProgram(),
      modelServer: modelServerProgram(),
      signals,
      scrapeInterval: options.scrapeInterval ?? (signals === 'prometheus' ? '5s' : '1s'),
      tell: narrator.tell,
    });
    narrator.passed(`everything is up; dashboard on http://127.0.0.1:${world.layout.adminPort}/`);
    const report = await playStory({
      world,
      acts,
      narrator,
      modelsDirectory,
      callsPerSecond: options.rate,
      users: USERS,
    });
    passed = report.story?.every((each) => each.passed) ?? false;
    process.stdout.write(`\n${reportTable(report)}\n`);
    if (options.report) writeFileSync(resolve(options.report), `${JSON.stringify(report, undefined, 2)}\n`);
    if (process.stdout.isTTY && options.stay && passed) await stay(world, narrator);
  } catch (error) {
    if (!interrupted) throw error;
  } finally {
    await world?.stop();
    if (passed && !options.keep) rmSync(directory, { recursive: true, force: true });
    else narrator.tell(`configuration, state and logs are in ${directory}`);
  }
  if (!passed) process.exitCode = 1;
}

/** All acts in the order of the story, or those that were named with what they build on. */
function chooseActs(only: readonly string[] | undefined, signals: SignalsInUse): readonly Act[] {
  const all = [
    promotion,
    rollback(signals),
    wrongAnswers,
    greedyClient,
    breakerTrip,
    slowPod,
    rollbackByPrometheus,
  ];
  if (only === undefined) return all;
  const unknown = only.filter((name) => !all.some((act) => act.name === name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `there is no act ${unknown.join(', ')}; the acts are ${all.map((act) => act.name).join(', ')}.`,
    );
  }
  return all.filter((act) => act.name === 'promotion' || only.includes(act.name));
}

/** On a terminal the demo stays until it is interrupted, for a look at the dashboard. */
async function stay(world: World, narrator: Narrator): Promise<void> {
  narrator.tell(`still running for a look at http://127.0.0.1:${world.layout.adminPort}/ — Ctrl-C ends it`);
  await new Promise<void>((done) => process.once('SIGINT', () => done()).once('SIGTERM', () => done()));
}
