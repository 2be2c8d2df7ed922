import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme } from '../state/theme.ts';

/** One line of a plot; `colour` is the name of a CSS variable (`--colour-1`). */
export interface Line {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  /** What it shows, for who cannot see it. */
  readonly label: string;
  /** ms since the epoch. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  readonly height?: number;
  /** A dashed line, and beyond it ground that means action. */
  readonly bound?: number | undefined;
  /** What the axis shows at least. */
  readonly range?: readonly [number, number];
  readonly format?: (value: number) => string;
}

/** Lines over time, drawn on a canvas and followed live. */
export function Plot(props: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = theme.value;
  const shape = `${shown} ${props.bound} ${props.lines.map(({ label, colour }) => label + colour).join()}`;
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    plot.current = new uPlot(optionsOf(element, latest), dataOf(latest.current), element);
    const observer = new ResizeObserver(() => plot.current?.setSize(sizeOf(element, latest.current)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => plot.current?.setData(dataOf(props)));

  return (
    <div
      class="plot"
      role="img"
      aria-label={props.label}
      ref={frame}
      style={{ height: `${props.height ?? 150}px` }}
    />
  );
}

function dataOf({ at, lines }: PlotProps): uPlot.AlignedData {
  return [at.map((ms) => ms / 1_000), ...lines.map(({ values }) => [...values])];
}

function sizeOf(element: HTMLElement, props: PlotProps): { width: number; height: number } {
  return { width: Math.max(120, element.clientWidth), height: props.height ?? 150 };
}

function optionsOf(element: HTMLElement, latest: { readonly current: PlotProps }): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string) => styles.getPropertyValue(name).trim();
  const { format = String, lines, bound } = latest.current;
  const axis: uPlot.Axis = {
    stroke: colour('--muted'),
    font: `11px ${styles.fontFamily}`,
    grid: { stroke: colour('--line-soft'), width: 1 },
    ticks: { show: false },
  };
  return {
    ...sizeOf(element, latest.current),
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, min, max) => spread(latest.current, min, max) } },
    axes: [
      {
        ...axis,
        size: 24,
        space: 64,
        values: (_, splits) => splits.map((s) => new Date(s * 1_000).toLocaleTimeString('en-GB')),
      },
      { ...axis, size: 46, space: 26, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: 1.75,
        points: { show: false },
      })),
    ],
    hooks: { drawClear: bound === undefined ? [] : [(self) => drawBound(self, bound, colour('--bad'))] },
  };
}

function spread({ bound, range }: PlotProps, min: number | null, max: number | null): [number, number] {
  const low = Math.min(min ?? 0, range?.[0] ?? 0);
  const high = Math.max(max ?? 1, range?.[1] ?? 0, bound ?? Number.NEGATIVE_INFINITY);
  const room = (high - low || 1) * 0.12;
  return [low === 0 ? 0 : low - room, high + room];
}

function drawBound(plot: uPlot, bound: number, colour: string): void {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(bound, 'y', true);
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.09;
  ctx.fillRect(bbox.left, bbox.top, bbox.width, Math.max(0, y - bbox.top));
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colour;
  ctx.setLineDash([5, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
