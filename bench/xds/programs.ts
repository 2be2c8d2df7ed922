import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from '../../src/app/toolchain.ts';
import { encodeDelta } from '../../src/core/delta/answer.ts';
import { canaryRoute } from './synthetic-services.ts';

/** Bytes before the message in a gRPC frame. */
const FRAME_PREFIX = 5;
/** Two weights that differ in the first byte of their varints, which tells where it stands. */
const WEIGHTS = [3_000_000, 3_000_001] as const;

/** What is built of Go, and the message that the bare servers send. */
export interface Programs {
  readonly client: string;
  readonly goControlPlane: string;
  readonly bareGo: string;
  readonly message: string;
}

/** Thrown when there is nothing to build the load client with. */
export class GoMissing extends Error {
  override readonly name = 'GoMissing';
}

/** Builds the load client and the peers into the cache. @throws {GoMissing} */
export function buildPrograms(): Programs {
  const folder = join(cacheRoot(), 'bench-xds');
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    throw new GoMissing('no `go` on PATH: the load client and the peers need Go 1.25 or newer');
  }
  const packages = ['./client', './peers/go-control-plane', './peers/bare-go'];
  execFileSync('go', ['build', '-o', `${folder}/`, ...packages], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
  });
  const message = join(folder, 'push.bin');
  writeFileSync(message, prebuiltPush());
  return {
    client: join(folder, 'client'),
    goControlPlane: join(folder, 'go-control-plane'),
    bareGo: join(folder, 'bare-go'),
    message,
  };
}

/** The very bytes of our answer about one changed route, behind the offset of its weight (four bytes). */
function prebuiltPush(): Buffer {
  const [a, b] = WEIGHTS.map((weight) => {
    const route = canaryRoute(100, weight);
    return encodeDelta(route.typeUrl, 'zzzz', { resources: [route], removed: [] }).framed.subarray(
      FRAME_PREFIX,
    );
  });
  if (a === undefined || b === undefined) throw new Error('no message');
  const offset = a.findLastIndex((byte, i) => byte !== b[i]);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(offset);
  return Buffer.concat([head, a]);
}
