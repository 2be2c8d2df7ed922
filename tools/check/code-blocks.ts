/** A fenced block of a Markdown document. */
export interface CodeBlock {
  /** What stands after the fence: `yaml`, `sh`; empty without a word. */
  readonly language: string;
  /** The line of the document on which its text begins, from 1. */
  readonly line: number;
  readonly text: string;
}

const FENCE = /^(\s*)```(\w*)/;

/** All fenced blocks, in order; one that is indented (in a list) loses its indentation. */
export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { indent: number; language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(line);
    if (fence === null) open?.lines.push(line.slice(open.indent));
    else if (open === undefined)
      open = { indent: fence[1]?.length ?? 0, language: fence[2] ?? '', line: index + 2, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
}

/** Code within lines: what stands between single backticks outside of blocks, with its line. */
export function inlineCode(markdown: string): readonly { readonly line: number; readonly text: string }[] {
  let inside = false;
  return markdown.split('\n').flatMap((line, index) => {
    if (FENCE.test(line)) {
      inside = !inside;
      return [];
    }
    if (inside) return [];
    return [...line.matchAll(/`([^`]+)`/g)].map(([, text = '']) => ({ line: index + 1, text }));
  });
}
