import { stringify } from 'yaml';
import { customResourceDefinitions } from '../../src/core/api/crd.ts';

const MARKER = '# Generated from src/core/api by tools/generate-crds.ts; edits are lost.\n';

/** @returns the text of each CustomResourceDefinition by its path under `manifests/` */
export function crdFiles(): ReadonlyMap<string, string> {
  return new Map(
    [...customResourceDefinitions()].map(([kind, definition]) => [
      `crds/${kind.toLowerCase()}.yaml`,
      // The kinds share parts; each is written out, for not every reader of YAML knows aliases.
      `${MARKER}${stringify(definition, { lineWidth: 120, aliasDuplicateObjects: false })}`,
    ]),
  );
}
