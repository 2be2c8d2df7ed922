import type { Logger } from 'pino';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import { followSpecFiles } from '../specs/spec-files.ts';
import type { SpecsInForce } from './specs-in-force.ts';

/** Who is told of edited specs. */
interface Told {
  configure(changed: SpecIndex): void;
  /** Something is to be decided anew. */
  look(): void;
  readonly log: Logger;
}

/** Puts edited files in force as soon as they are valid, and reads them again on SIGHUP. */
export function followSpecs(files: readonly string[], specs: SpecsInForce, told: Told): AsyncDisposable {
  const followed = followSpecFiles(files, (next) => {
    const changed = specs.take(next, Date.now());
    if (changed === undefined)
      told.log.error(
        { problems: next.problems },
        'the edited specs are not valid; the last good ones stay in force',
      );
    else {
      told.configure(changed);
      told.log.info(
        { services: changed.services.size, rollouts: changed.rollouts.size },
        'specs are in force',
      );
    }
    told.look();
  });
  const reload = () => void followed.reload();
  process.on('SIGHUP', reload);
  return {
    [Symbol.asyncDispose]: () => {
      process.off('SIGHUP', reload);
      return followed.close();
    },
  };
}
