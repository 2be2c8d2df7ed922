import type { Command } from 'commander';
import { AdminClient } from './admin-client.ts';
import { adminOption, tokenOption } from './admin-option.ts';

/** A control plane that was found. */
export interface Reached {
  readonly client: AdminClient;
  /** Of names that are given without one. */
  readonly namespace: string;
  close?(): void;
}

/** What a command line says of where the control plane is. */
export type ReachOptions = Readonly<Record<string, unknown>>;

/** How commands reach the HTTP API of a control plane. */
export interface Reach {
  /** Adds the options that say where it is. */
  addOptions(command: Command): Command;
  /** @throws AdminError when there is nothing to be reached */
  open(options: ReachOptions, timeoutMs?: number): Reached | Promise<Reached>;
}

/** By its address: `--admin URL`, `--token TOKEN`. */
export const reachByAddress: Reach = {
  addOptions: (command) => command.addOption(adminOption()).addOption(tokenOption()),
  open({ admin, token }, timeoutMs) {
    const client = new AdminClient(String(admin), {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(typeof token === 'string' ? { token } : {}),
    });
    return { client, namespace: 'default' };
  },
};

/** Opens, uses, and closes whatever comes of it. */
export async function withControlPlane<T>(
  reach: Reach,
  options: ReachOptions,
  use: (reached: Reached) => Promise<T>,
): Promise<T> {
  const reached = await reach.open(options);
  try {
    return await use(reached);
  } finally {
    reached.close?.();
  }
}
