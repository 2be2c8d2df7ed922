import { nearest } from './nearest.ts';
import { error, type FieldPath, type Finding } from './problem.ts';
import { placeholdersOf } from './query-template.ts';
import { type EventHook, eventFields } from './webhook.ts';

/** What the shape of a webhook cannot say: which fields belong to which format. */
export function webhookFindings(hooks: readonly EventHook[], path: FieldPath): readonly Finding[] {
  return hooks.flatMap((hook, index) => {
    const at = [...path, index];
    return [
      ...addressFindings(hook, at),
      ...mailFindings(hook, at),
      ...secretFindings(hook, at),
      ...templateFindings(hook, at),
    ];
  });
}

function addressFindings({ url, format }: EventHook, at: FieldPath): readonly Finding[] {
  const isMail = /^smtps?:/.test(url);
  if (isMail === (format === 'email')) return [];
  return [
    isMail
      ? error(
          [...at, 'url'],
          `${format} is not sent by mail; http:// or https:// and a host, or the format email`,
        )
      : error([...at, 'url'], 'e-mail is not posted; smtp://HOST:PORT or smtps://HOST'),
  ];
}

function mailFindings({ format, mail }: EventHook, at: FieldPath): readonly Finding[] {
  if (format === 'email' && mail === undefined)
    return [error([...at, 'mail'], 'is missing; {from: NAME@HOST, to: [NAME@HOST]}')];
  if (format !== 'email' && mail !== undefined)
    return [error([...at, 'mail'], `${format} has no sender; leave it out, or the format email`)];
  return [];
}

function secretFindings({ format, url, secret }: EventHook, at: FieldPath): readonly Finding[] {
  if (secret !== undefined) return [];
  if (format === 'pagerduty')
    return [
      error([...at, 'secret'], 'is missing; where the integration key is: {env: NAME} or {file: PATH}'),
    ];
  if (!placeholdersOf(url).includes('secret')) return [];
  return [error([...at, 'secret'], 'is missing, and the url has {{secret}}; {env: NAME} or {file: PATH}')];
}

function templateFindings({ format, template }: EventHook, at: FieldPath): readonly Finding[] {
  if (template === undefined) return [];
  if (format !== 'generic')
    return [
      error([...at, 'template'], `${format} has a form of its own; leave it out, or the format generic`),
    ];
  const known: readonly string[] = eventFields;
  return placeholdersOf(template)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const right = meant === undefined ? `one of ${known.join(', ')}` : `did you mean "${meant}"`;
      return error([...at, 'template'], `unknown placeholder {{${name}}}; ${right}`);
    });
}
