import { expect, it } from 'vitest';
import { mayActAs, ROLES, roleOfValues } from './roles.ts';

it.each(ROLES.flatMap((role, own) => ROLES.map((needed, least) => [role, needed, own >= least] as const)))(
  'a %s may do what a %s may: %s',
  (role, needed, expected) => expect(mayActAs(role, needed)).toBe(expected),
);

it('gives the greatest role that a value stands for, or none', () => {
  const mapping = { viewer: ['everybody'], admin: ['sre', 'root'] };
  expect(roleOfValues(mapping, ['everybody'])).toBe('viewer');
  expect(roleOfValues(mapping, ['everybody', 'sre'])).toBe('admin');
  expect(roleOfValues(mapping, ['somebody'])).toBeUndefined();
  expect(roleOfValues({}, ['everybody'])).toBeUndefined();
});
