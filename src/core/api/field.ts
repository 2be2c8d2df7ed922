import * as z from 'zod';

/**
 * Gives a field its default together with the reason, which the reference shows; the only place where a
 * default is written.
 * @param value as it would stand in a spec (`'30s'`, not milliseconds)
 */
export function defaulted<Schema extends z.ZodType>(schema: Schema, value: z.input<Schema>, why: string) {
  const described = z.prefault(schema, value as z.core.util.NoUndefined<z.input<Schema>>);
  return described.meta({ 'x-default-why': why });
}

/** A share in percent, 0 to 100. Weights are kept to hundredths of a percent. */
export function percent(range: { readonly min?: number } = {}) {
  return z
    .number()
    .min(range.min ?? 0)
    .max(100)
    .meta({ 'x-penstock-type': 'percent' });
}

/** A share between 0 and 1, both ends excluded: a quantile, or the risk that one is willing to take. */
export function fraction() {
  return z.number().gt(0).lt(1).meta({ 'x-penstock-type': 'fraction' });
}

/** A TCP port. */
export function port() {
  return z.int().min(1).max(65_535);
}
