import type { RolloutStatus } from '../../core/status/status.ts';
import { formatWeight } from '../format.ts';

/** Which part of the traffic has which weight; nothing for a rollout without slices. */
export function SliceTable({ rollout }: { readonly rollout: RolloutStatus }) {
  if (rollout.slices.length === 0) return null;
  const rows = [...rollout.slices, { name: 'all others', match: '', weight: rollout.weight }];
  return (
    <section class="panel comparison" aria-label="Slices">
      <table>
        <thead>
          <tr>
            <th scope="col">Slice</th>
            <th scope="col">What belongs to it</th>
            <th scope="col">{rollout.candidate}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, match, weight }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{match}</td>
              <td>{formatWeight(weight)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
