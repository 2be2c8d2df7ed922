import { Option } from 'commander';
import { stringify } from 'yaml';

/** The forms for programs; each command has one for people besides. */
export type DataFormat = 'json' | 'yaml';

/** `-o, --output`: the form for people unless asked otherwise. */
export function outputOption(forPeople: string, description = 'how to print it'): Option {
  return new Option('-o, --output <format>', description)
    .choices([forPeople, 'json', 'yaml'])
    .default(forPeople);
}

/** A value for programs, with a line feed at its end. */
export function formatData(value: unknown, format: DataFormat): string {
  return format === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value);
}
