import { parseAllDocuments } from 'yaml';
import type { SpecText } from '../core/api/read-specs.ts';
import type { IstioObject } from '../core/translate/istio/istio-object.ts';

/** A file that holds no objects; the message is for the user. */
export class NoObjects extends Error {
  override readonly name = 'NoObjects';
}

/**
 * The objects of YAML or JSON texts as `kubectl get -o yaml` prints them; a List is taken apart. What has no
 * namespace is in `default`.
 * @throws {NoObjects} a text is no YAML, or one of its documents is no object
 */
export function parseIstioObjects(texts: readonly SpecText[]): readonly IstioObject[] {
  return texts.flatMap(({ file, text }) =>
    parseAllDocuments(text).flatMap((document) => {
      const [problem] = document.errors;
      if (problem !== undefined) throw new NoObjects(`${file}: ${problem.message}`);
      const value: unknown = document.toJS();
      return value === null ? [] : objectsIn(file, value);
    }),
  );
}

function objectsIn(file: string, value: unknown): readonly IstioObject[] {
  const object = value as Partial<IstioObject> & { readonly items?: unknown };
  if (typeof object !== 'object' || typeof object.kind !== 'string')
    throw new NoObjects(`${file}: a document is no object of Kubernetes: it has no kind`);
  if (Array.isArray(object.items)) return object.items.flatMap((item) => objectsIn(file, item));
  const { name, namespace } = object.metadata ?? {};
  if (typeof name !== 'string')
    throw new NoObjects(`${file}: an object of the kind ${object.kind} has no name`);
  const metadata = { ...object.metadata, name, namespace: namespace ?? 'default' };
  return [{ ...object, apiVersion: object.apiVersion ?? '', kind: object.kind, metadata }];
}
