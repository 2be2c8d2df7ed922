import type { Tone } from './tone.ts';

const SHAPES: Readonly<Record<Tone, string>> = {
  ok: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.3-4.2 4.9a.9.9 0 0 1-1.3.05L4.3 9.4a.9.9 0 1 1 1.25-1.3l1.1 1.06 3.6-4.1a.9.9 0 0 1 1.35 1.2Z',
  busy: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM6.3 4.9c0-.5.56-.8.98-.52l4.2 2.98a.78.78 0 0 1 0 1.28l-4.2 2.98a.63.63 0 0 1-.98-.52V4.9Z',
  warn: 'M7.1 1.9 .9 12.8c-.4.7.1 1.6.9 1.6h12.4c.8 0 1.3-.9.9-1.6L8.9 1.9a1 1 0 0 0-1.8 0ZM8 5.2c.6 0 1 .5 1 1.1l-.3 3.1a.7.7 0 0 1-1.4 0L7 6.3c0-.6.4-1.1 1-1.1Zm0 5.7a1 1 0 1 1 0 2 1 1 0 0 1 0-2Z',
  bad: 'M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1L5.1 1Zm.2 5.5L6.8 8 5.3 9.5a.85.85 0 0 0 1.2 1.2L8 9.2l1.5 1.5a.85.85 0 0 0 1.2-1.2L9.2 8l1.5-1.5a.85.85 0 0 0-1.2-1.2L8 6.8 6.5 5.3a.85.85 0 0 0-1.2 1.2Z',
  idle: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8Z',
};

/** The icon of a tone; beside a word it says nothing more, so it is hidden from readers. */
export function ToneIcon({ tone, size = 14 }: { readonly tone: Tone; readonly size?: number }) {
  return (
    <svg class={`tone-icon tone-${tone}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[tone]} fill="currentColor" />
    </svg>
  );
}

/** A state in a word, with its icon. */
export function Chip({
  tone,
  label,
  title,
}: {
  readonly tone: Tone;
  readonly label: string;
  readonly title?: string;
}) {
  return (
    <span class={`chip tone-${tone}`} title={title}>
      <ToneIcon tone={tone} size={12} />
      {label}
    </span>
  );
}
