import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows beyond the window that are there already, so that scrolling shows no gaps. */
const OVERSCAN = 6;

interface VirtualListProps {
  readonly label: string;
  readonly keys: readonly string[];
  /** Height of every row, px. */
  readonly rowHeight: number;
  readonly row: (key: string, index: number) => ComponentChildren;
}

/** A list of any length in the page's own scroll: only the rows in sight exist. */
export function VirtualList({ label, keys, rowHeight, row }: VirtualListProps) {
  const ref = useRef<HTMLUListElement>(null);
  const [[from, to], setRange] = useState<readonly [number, number]>([0, 24]);
  useLayoutEffect(() => {
    const measure = () => {
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowHeight) - OVERSCAN);
      const last = Math.ceil((innerHeight - top) / rowHeight) + OVERSCAN;
      setRange((range) => (range[0] === first && range[1] === last ? range : [first, Math.max(first, last)]));
    };
    measure();
    addEventListener('scroll', measure, { passive: true });
    addEventListener('resize', measure);
    return () => {
      removeEventListener('scroll', measure);
      removeEventListener('resize', measure);
    };
  }, [rowHeight]);
  return (
    <ul class="virtual-list" aria-label={label} ref={ref} style={{ height: `${keys.length * rowHeight}px` }}>
      {keys.slice(from, to).map((key, i) => (
        <li
          key={key}
          aria-setsize={keys.length}
          aria-posinset={from + i + 1}
          style={{ transform: `translateY(${(from + i) * rowHeight}px)`, height: `${rowHeight}px` }}
        >
          {row(key, from + i)}
        </li>
      ))}
    </ul>
  );
}
