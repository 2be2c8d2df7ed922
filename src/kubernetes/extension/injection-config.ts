import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { DEFAULT_SETTINGS, type InjectionSettings, parseSettings } from '../../core/injection/settings.ts';

/** The file cannot be used; the message names it and says why. */
class InjectionConfigRefused extends Error {
  override readonly name = 'InjectionConfigRefused';
}

/**
 * Reads the settings of the injection from a YAML file.
 * @param path undefined: everything as usual
 * @throws {InjectionConfigRefused}
 */
export async function readInjectionConfig(path: string | undefined): Promise<InjectionSettings> {
  if (path === undefined) return DEFAULT_SETTINGS;
  let value: unknown;
  try {
    value = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InjectionConfigRefused(`${path}: cannot be read: ${why}`, { cause });
  }
  const parsed = parseSettings(value);
  if ('settings' in parsed) return parsed.settings;
  throw new InjectionConfigRefused(parsed.problems.map((each) => `${path}: ${each}`).join('\n'));
}
