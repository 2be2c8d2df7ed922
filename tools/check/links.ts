import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from './checker.ts';
import { documents } from './sources.ts';

/** A link of Markdown to somewhere in the checkout: neither an address nor a place on the same page. */
const LINK = /\]\(<?(?![a-z]+:|#)([^)\s>#]+)(?:#([^)\s>]+))?>?\)/g;
const CODE = /```[\s\S]*?```|`[^`\n]*`/g;

/** Links of the documents that lead nowhere: to a file that is not there, or a heading that it does not have. */
export async function checkLinks(root: string): Promise<Finding> {
  const files = documents(root);
  const problems = files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(CODE, '');
    return [...text.matchAll(LINK)].flatMap(([, target = '', heading]) => {
      const path = join(root, dirname(file), target);
      if (!existsSync(path)) return [`${file}: ${target} is not there`];
      if (heading === undefined || !path.endsWith('.md')) return [];
      return anchorsOf(readFileSync(path, 'utf8')).has(heading)
        ? []
        : [`${file}: ${target} has no heading #${heading}`];
    });
  });
  return { filesRead: files.length, problems: problems.join('\n') };
}

/** The names that headings have in links: lower case, no punctuation, hyphens for spaces. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = markdown.replace(/```[\s\S]*?```/g, '').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
