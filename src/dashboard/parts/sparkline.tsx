/** The last minute of a number as a line from zero; its value stands beside it, so readers skip it. */
export function Sparkline({
  points,
  width = 96,
  height = 26,
}: {
  readonly points: readonly number[];
  readonly width?: number;
  readonly height?: number;
}) {
  const top = Math.max(...points, 1e-9);
  const step = width / 59;
  const start = width - (points.length - 1) * step;
  const line = points.map(
    (point, i) =>
      `${(start + i * step).toFixed(1)},${(height - 2 - (point / top) * (height - 4)).toFixed(1)}`,
  );
  return (
    <svg class="sparkline" width={width} height={height} aria-hidden="true">
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
      {points.length > 1 && (
        <polygon points={`${start.toFixed(1)},${height} ${line.join(' ')} ${width},${height}`} />
      )}
      {points.length > 1 && <polyline points={line.join(' ')} />}
    </svg>
  );
}
