/** A header as text; empty where it is missing or there more than once. */
export function textOf(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}
