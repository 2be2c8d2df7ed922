import type { Command, ControlPlane } from '../admin/control-plane.ts';
import type { AuditAction } from '../core/audit/chain.ts';

/** The control plane whose refusals are on record too: what is carried out is a decision, and audited as such. */
export function withAuditedRefusals(
  controlPlane: ControlPlane,
  audit: (actions: readonly AuditAction[]) => void,
  now: () => number,
): ControlPlane {
  return {
    ...controlPlane,
    async command(command) {
      const result = await controlPlane.command(command);
      if (!result.ok) audit([refusal(command, result.code, result.message, now())]);
      return result;
    },
  };
}

function refusal(command: Command, code: string, message: string, at: number): AuditAction {
  const isRollout = 'rollout' in command;
  return {
    at,
    actor: command.actor,
    action: `Refused${command.kind.charAt(0).toUpperCase()}${command.kind.slice(1)}`,
    subject: isRollout ? `Rollout/${command.rollout.namespace}/${command.rollout.name}` : 'Penstock',
    why: message,
    evidence: { code, ...(isRollout ? {} : { on: command.on }) },
    before: null,
    after: null,
  };
}
