import type { Outcome } from './replay.ts';

const WIDTH = 900;
const HEIGHT = 220;
const LEFT = 46;
const GAP = 40;
const COLOURS = ['#8a8a8a', '#c2571a', '#8e44ad', '#1f6f9c', '#2a8f5b'];

interface Panel {
  readonly title: string;
  readonly most: number;
  readonly ticks: readonly number[];
  readonly values: (outcome: Outcome) => readonly number[];
}

/** From the hour before the peak to its end: replicas, and the P99 of each minute. */
export function plot(outcomes: readonly Outcome[], fromHour: number, toHour: number): string {
  const part = (values: readonly number[]) => values.slice(fromHour * 60, toHour * 60);
  const panels: readonly Panel[] = [
    {
      title: 'ready pods',
      most: 12,
      ticks: [0, 4, 8, 12],
      values: ({ readyByMinute }) => part(readyByMinute),
    },
    { title: 'P99, ms', most: 80, ticks: [0, 40, 80], values: ({ p99ByMinute }) => part(p99ByMinute) },
  ];
  const height = panels.length * (HEIGHT + GAP) + 20 * outcomes.length + 20;
  const body = panels.map((panel, i) => panelOf(panel, outcomes, 24 + i * (HEIGHT + GAP), fromHour, toHour));
  const legend = outcomes.map(({ name }, i) => {
    const y = panels.length * (HEIGHT + GAP) + 20 * (i + 1);
    return `<rect x="${LEFT}" y="${y - 9}" width="18" height="4" fill="${COLOURS[i]}"/><text x="${LEFT + 26}" y="${y - 3}">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>Ready pods and P99 of each way to scale, in the evening</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${[...body, ...legend].join('\n')}
</svg>
`;
}

function panelOf(
  { title, most, ticks, values }: Panel,
  outcomes: readonly Outcome[],
  top: number,
  fromHour: number,
  toHour: number,
): string {
  const y = (value: number) => (top + HEIGHT * (1 - Math.min(value, most) / most)).toFixed(1);
  const x = (minute: number) =>
    (LEFT + ((WIDTH - LEFT - 10) * minute) / ((toHour - fromHour) * 60)).toFixed(1);
  const grid = ticks.map(
    (tick) =>
      `<path d="M${LEFT} ${y(tick)}H${WIDTH - 10}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y(tick)}" text-anchor="end" dy="4">${tick}</text>`,
  );
  const hours = Array.from({ length: toHour - fromHour + 1 }, (_, i) => {
    const text = `${fromHour + i}:00`;
    return `<text x="${x(i * 60)}" y="${top + HEIGHT + 16}" text-anchor="middle">${text}</text>`;
  });
  const lines = outcomes.map((outcome, i) => {
    const points = values(outcome).map((value, minute) => `${x(minute)},${y(value)}`);
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${COLOURS[i]}" stroke-width="1.6"/>`;
  });
  return [`<text x="${LEFT}" y="${top - 8}">${title}</text>`, ...grid, ...hours, ...lines].join('\n');
}
