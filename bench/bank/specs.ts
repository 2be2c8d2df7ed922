import { readFileSync } from 'node:fs';
import { parseAllDocuments, stringify } from 'yaml';

const EXAMPLE = new URL('../../docs/examples/bank.yaml', import.meta.url);

/**
 * The shipped example, accelerated: hours become `hourMs`, and the versions are where this benchmark serves
 * them. Gates and bounds stay as they are written.
 * @param ports of the versions v1 and v2
 */
export function bankSpecs(hourMs: number, ports: readonly [number, number]): string {
  const documents = parseAllDocuments(readFileSync(EXAMPLE, 'utf8'));
  for (const document of documents) {
    switch (document.get('kind')) {
      case 'ModelService':
        ports.forEach((port, i) => {
          document.setIn(['spec', 'versions', i, 'endpoints'], { static: [{ address: '127.0.0.1', port }] });
        });
        break;
      case 'ModelRollout':
        document.setIn(['spec', 'strategy', 'linear', 'every'], `${hourMs}ms`);
        document.setIn(['spec', 'analysis', 'warmUp'], `${Math.round(hourMs / 4)}ms`);
        document.setIn(['spec', 'analysis', 'metrics', 1, 'template', 'args', 'window'], '15s');
        document.setIn(['spec', 'retention'], `${hourMs}ms`);
    }
  }
  return documents.map((document) => stringify(document.toJSON())).join('---\n');
}
