import { InvalidArgumentError } from 'commander';

/** The name of an object, and the namespace that it is in. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * An argument that is NAME or NAMESPACE/NAME.
 * @throws InvalidArgumentError when it is neither
 */
export function readObjectName(text: string): string {
  if (!/^[^/\s]+(\/[^/\s]+)?$/.test(text)) throw new InvalidArgumentError('give NAME, or NAMESPACE/NAME.');
  return text;
}

/** @param namespace of names that come without one */
export function resolveName(text: string, namespace: string): ObjectName {
  const [first = '', second] = text.split('/');
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
}
