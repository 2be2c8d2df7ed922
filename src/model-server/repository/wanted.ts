import { Problem } from '../protocol/problem.ts';
import type { VersionPolicy } from './order.ts';

/**
 * The models to serve out of those there are. Throws NOT_FOUND, naming what there is, when a model or a version that is
 * asked for by name is missing, or there is none at all.
 */
export function wantedModels(
  location: string,
  chosen: ReadonlyMap<string, VersionPolicy | undefined>,
  stored: readonly { readonly model: string; readonly version: string }[],
): string[] {
  const missing = (what: string) => new Problem('NOT_FOUND', `the model repository ${location} ${what}`);
  const present = [...new Set(stored.map(({ model }) => model))];
  for (const [model, policy] of chosen) {
    const versions = stored.filter((one) => one.model === model).map(({ version }) => version);
    if (versions.length === 0)
      throw missing(`has no model "${model}"; its models: ${present.join(', ') || 'none'}`);
    const named = policy?.kind === 'specific' ? policy.versions : [];
    const absent = named.find((version) => !versions.includes(version));
    if (absent === undefined) continue;
    throw missing(`has no version "${absent}" of "${model}"; its versions: ${versions.join(', ')}`);
  }
  if (present.length === 0) throw missing('has no model; expected NAME/VERSION/model.onnx');
  return chosen.size > 0 ? [...chosen.keys()] : present;
}
