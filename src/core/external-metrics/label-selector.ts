/** Whether labels are selected. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const NAME = '[A-Za-z0-9][-A-Za-z0-9_./]*';
const EQUALS = new RegExp(`^(${NAME})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`);
const IN = new RegExp(`^(${NAME})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${NAME})$`);

/**
 * Reads a label selector of Kubernetes: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, with commas between;
 * the empty one selects everything. `!=` and `notin` also select what has no such label.
 * @returns undefined when it is none
 */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  // Commas within brackets part values, the others requirements.
  const parts = text.trim() === '' ? [] : text.split(/,(?![^(]*\))/);
  const requirements = parts.map((part) => parseRequirement(part.trim()));
  if (requirements.some((each) => each === undefined)) return undefined;
  return (labels) => requirements.every((each) => each?.(labels));
}

function parseRequirement(text: string): LabelSelector | undefined {
  const [, key = '', operator, value = ''] = EQUALS.exec(text) ?? [];
  if (operator !== undefined) return (labels) => (labels[key] === value) === (operator !== '!=');
  const [, setKey = '', word, list = ''] = IN.exec(text) ?? [];
  if (word !== undefined) {
    const values = new Set(list.split(',').map((each) => each.trim()));
    return (labels) => {
      const label = labels[setKey];
      return (label !== undefined && values.has(label)) === (word === 'in');
    };
  }
  const [, not, name] = EXISTS.exec(text) ?? [];
  return name === undefined ? undefined : (labels) => (labels[name] !== undefined) === (not === '');
}
