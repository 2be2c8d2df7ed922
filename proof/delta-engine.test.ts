import { describe, expect, it } from 'vitest';
import { World } from '../src/core/delta/engine-fixture.ts';
import { Follower } from '../src/core/delta/follower-fixture.ts';
import { TYPE_URL } from '../src/core/delta/type-urls.ts';

/**
 * One cluster and its endpoints, shown or not, wanted or not, and a listener, which holds the cluster's removal back:
 * everything that can happen to them.
 */
const MOVES = [
  'cluster 1',
  'cluster 2',
  'cluster gone',
  'endpoints 1',
  'endpoints gone',
  'listener 1',
  'listener 2',
  'show',
  'hide',
  'want',
  'leave',
  'block',
  'drain',
  'acknowledge',
  'reconnect',
  'wait',
] as const;
type Move = (typeof MOVES)[number];

/** The world after these moves, with a follower of each protocol. The engine keeps its state to itself: it is replayed. */
class Play {
  readonly #world = new World();
  readonly #followers: readonly Follower[];
  readonly #contents: Record<'cds' | 'eds', string | undefined> = { cds: undefined, eds: undefined };
  #isShown = false;
  #isWanted = false;

  constructor() {
    this.#world.publish({}, { all: {} });
    this.#followers = [new Follower(this.#world, 'delta'), new Follower(this.#world, 'sotw')];
  }

  make(move: Move): void {
    const [what, content] = move.split(' ');
    if (what === 'cluster') this.#publish('cds', content);
    else if (what === 'endpoints') this.#publish('eds', content);
    else if (what === 'listener') this.#world.publish({ 'lds/l': content });
    else if (move === 'show' || move === 'hide') this.#show(move === 'show');
    else if (move === 'want' || move === 'leave') this.#want(move === 'want');
    else if (move === 'wait') this.#world.pass(20_000);
    else if (move === 'acknowledge') for (const each of this.#followers) each.settle();
    else for (const each of this.#followers) each[move as 'block' | 'drain' | 'reconnect']();
  }

  #publish(type: 'cds' | 'eds', content: string | undefined): void {
    this.#contents[type] = content === 'gone' ? undefined : content;
    this.#world.publish({ [`${type}/a`]: this.#contents[type] });
  }

  #show(shown: boolean): void {
    this.#isShown = shown;
    this.#world.publish({}, { all: { [TYPE_URL.cds]: shown ? ['a'] : [], [TYPE_URL.lds]: ['l'] } });
  }

  #want(wanted: boolean): void {
    this.#isWanted = wanted;
    for (const each of this.#followers) each.follow('eds', wanted ? ['a'] : []);
  }

  /** What is not as it should be once everybody has taken and acknowledged everything, and every deadline passed. */
  wrongInTheEnd(): string | undefined {
    for (const each of this.#followers) each.drain();
    for (let round = 0; round < 3; round++) {
      for (const each of this.#followers) each.settle();
      this.#world.pass(20_000);
    }
    for (const each of this.#followers) each.settle();
    const [delta, sotw] = this.#followers;
    const clusters = this.#isShown ? this.#contents.cds : undefined;
    const endpoints = this.#isWanted ? this.#contents.eds : undefined;
    if (delta?.state.cds.a !== clusters) return `delta: cluster ${delta?.state.cds.a}, not ${clusters}`;
    if (sotw?.state.cds.a !== clusters) return `sotw: cluster ${sotw?.state.cds.a}, not ${clusters}`;
    if (delta?.state.eds.a !== endpoints) return `delta: endpoints ${delta?.state.eds.a}, not ${endpoints}`;
    // That endpoints are gone cannot be told in state of the world.
    if (endpoints !== undefined && sotw?.state.eds.a !== endpoints)
      return `sotw: endpoints ${sotw?.state.eds.a}, not ${endpoints}`;
    return undefined;
  }
}

/** Where a play begins: with nothing, or in the middle of things. */
const BEGINNINGS: Readonly<Record<string, readonly Move[]>> = {
  'from nothing': [],
  'in mid-life': ['cluster 1', 'endpoints 1', 'listener 1', 'show', 'want', 'acknowledge', 'listener 2'],
};

/** Every sequence of moves of this length, in which each move may change something. */
function* sequences(length: number): Generator<readonly Move[]> {
  if (length === 0) {
    yield [];
    return;
  }
  for (const before of sequences(length - 1))
    for (const move of MOVES) if (before.at(-1) !== move) yield [...before, move];
}

const length = Number(process.env.PENSTOCK_PROOF_MOVES ?? 3);

describe.each(Object.entries(BEGINNINGS))('the delta engine with one cluster, %s', (name, beginning) => {
  it(`leads to the same state by both protocols after any ${length} moves`, { timeout: 3_600_000 }, () => {
    let played = 0;
    for (const moves of sequences(length)) {
      const play = new Play();
      for (const move of [...beginning, ...moves]) play.make(move);
      const wrong = play.wrongInTheEnd();
      if (wrong !== undefined) expect.fail(`${moves.join(', ')}: ${wrong}`);
      played += 1;
    }
    console.log(`delta engine, ${name}: ${played} sequences of ${length} moves`);
    expect(played).toBe(MOVES.length * (MOVES.length - 1) ** (length - 1));
  });
});
