import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DescFile } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareVersions, findTool } from '../app/toolchain.ts';
import { extractDescriptors } from './envoy-descriptors.ts';

const GENERATED = join(import.meta.dirname, '../gen');
/** Envoy's own and what it builds on; other protocols in proto/ are none of its business. */
const OF_ENVOY = /^(envoy|xds|google\.rpc|io\.prometheus|opentelemetry)\b/;
/** The subset is written against this version: an older Envoy may lack what is newer, but not differ. */
const WRITTEN_AGAINST = '1.40.0';

/** Every fact of the API that goes over the wire or into JSON, as `name → fact`. */
function facts(files: Iterable<FileDescriptorProto>): Map<string, string> {
  const out = new Map<string, string>();
  for (const file of files) {
    for (const message of file.messageType) messageFacts(file.package, message, file.syntax, out);
    for (const e of file.enumType) enumFacts(file.package, e, out);
    for (const service of file.service) {
      for (const m of service.method) {
        const streams = `${m.clientStreaming ? 'stream ' : ''}${m.inputType} → ${m.serverStreaming ? 'stream ' : ''}${m.outputType}`;
        out.set(`${file.package}.${service.name}/${m.name}`, streams);
      }
    }
  }
  return out;
}

function messageFacts(
  scope: string,
  message: DescriptorProto,
  syntax: string,
  out: Map<string, string>,
): void {
  const name = `${scope}.${message.name}`;
  out.set(name, message.options?.mapEntry ? 'map entry' : 'message');
  for (const field of message.field) out.set(`${name}.${field.name}`, fieldFact(message, field, syntax));
  for (const nested of message.nestedType) messageFacts(name, nested, syntax, out);
  for (const e of message.enumType) enumFacts(name, e, out);
}

function fieldFact(message: DescriptorProto, field: FieldDescriptorProto, syntax: string): string {
  const inOneof = Object.hasOwn(field, 'oneofIndex') && !field.proto3Optional;
  return [
    `#${field.number}`,
    FieldDescriptorProto_Type[field.type],
    field.typeName,
    `label ${field.label}`,
    inOneof ? `oneof ${message.oneofDecl[field.oneofIndex]?.name}` : '',
    field.proto3Optional ? 'optional' : '',
    syntax === 'proto3' ? '' : `proto2 packed ${field.options?.packed ?? false}`,
  ].join(' ');
}

function enumFacts(scope: string, e: EnumDescriptorProto, out: Map<string, string>): void {
  for (const value of e.value) out.set(`${scope}.${e.name}.${value.name}`, `= ${value.number}`);
}

async function generatedFiles(): Promise<FileDescriptorProto[]> {
  const paths = readdirSync(GENERATED, { recursive: true, encoding: 'utf8' }).filter((p) =>
    p.endsWith('_pb.js'),
  );
  const modules = await Promise.all(
    paths.map((p) => import(join(GENERATED, p)) as Promise<Record<string, unknown>>),
  );
  const isFile = (x: unknown): x is DescFile => (x as { kind?: unknown } | null)?.kind === 'file';
  return modules.flatMap((m) => Object.values(m).filter(isFile)).map((file) => file.proto);
}

describe('the API in proto/ against the Envoy in use', () => {
  let ours: Map<string, string>;
  let theirs: Map<string, string>;
  let envoyVersion: string;

  beforeAll(async () => {
    const envoy = findTool('envoy', process.env);
    envoyVersion = envoy.version;
    theirs = facts(extractDescriptors(readFileSync(envoy.path)).values());
    ours = facts((await generatedFiles()).filter((file) => OF_ENVOY.test(file.package)));
  }, 60_000);

  test('compares thousands of facts, not nothing', () => {
    expect(ours.size).toBeGreaterThan(3000);
    expect(theirs.size).toBeGreaterThan(ours.size);
  });

  test('every message, field number, type, label, oneof and enum value is the same', () => {
    const differing = [...ours].filter(([name, fact]) => theirs.has(name) && theirs.get(name) !== fact);
    expect(differing.map(([name, fact]) => `${name}: ours ${fact}; Envoy's ${theirs.get(name)}`)).toEqual([]);
  });

  test('nothing is there that Envoy does not know', () => {
    const unknown = [...ours.keys()].filter((name) => !theirs.has(name));
    if (compareVersions(envoyVersion, WRITTEN_AGAINST) >= 0) expect(unknown).toEqual([]);
    else expect(unknown.length).toBeLessThan(ours.size / 10);
  });
});

describe('descriptors in a program', () => {
  const file = create(FileDescriptorProtoSchema, { name: 'a/b.proto', package: 'a', syntax: 'proto3' });
  const raw = toBinary(FileDescriptorProtoSchema, file);
  const program = (...parts: (Uint8Array | string)[]) => Buffer.concat(parts.map((p) => Buffer.from(p)));

  test.each([
    ['between other bytes', program('\x00\x7f', raw, '\x00\x00'), ['a/b.proto']],
    ['at the end', program('x', raw), ['a/b.proto']],
    ['as a mere file name', program('see a/b.proto for more'), []],
    ['not at all', program('nothing here'), []],
  ])('%s', (_, bytes, names) => {
    expect([...extractDescriptors(bytes).keys()]).toEqual(names);
  });
});
