/** What a person may do, each role what those before it may too. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Whom a request comes from, as far as it is proven. */
export interface Person {
  /** As the audit names them. */
  readonly name: string;
  readonly role: Role;
}

/** Whether a role is at least the one that is needed. */
export function mayActAs(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** Which values of a claim, or which groups, give a role. */
export type RoleMapping = { readonly [R in Role]?: readonly string[] };

/** The greatest role that one of these values gives; undefined: none of them gives any. */
export function roleOfValues(mapping: RoleMapping, values: readonly string[]): Role | undefined {
  return ROLES.findLast((role) => mapping[role]?.some((wanted) => values.includes(wanted)));
}
