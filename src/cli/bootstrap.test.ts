import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { bootstrapCommand } from './bootstrap.ts';

afterEach(() => vi.restoreAllMocks());

interface Printed {
  readonly node: { readonly id: string; readonly metadata: { readonly penstock: unknown } };
  readonly cluster_manager: object;
  readonly static_resources: { readonly clusters: readonly unknown[] };
}

function run(...args: readonly string[]): string {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const command = bootstrapCommand();
  command.exitOverride().configureOutput({ writeErr: () => {} });
  new Command('penstock')
    .enablePositionalOptions()
    .addCommand(command)
    .parse(['bootstrap', ...args], { from: 'user' });
  return out;
}

function printed(...args: readonly string[]): Printed {
  return parse(run(...args)) as Printed;
}

describe('penstock bootstrap', () => {
  it('is for clients without --service', () => {
    expect(printed().node.metadata.penstock).toEqual({
      kind: 'outbound',
      address: '127.0.0.1',
      port: 15_001,
    });
  });

  it('is for a model server with --service', () => {
    expect(
      printed('--service', 'fraud', '--version', 'v2', '--port', '9101', '--app-port', '9001', '--access-log')
        .node.metadata.penstock,
    ).toEqual({
      kind: 'inbound',
      service: 'default/fraud',
      version: 'v2',
      address: '0.0.0.0',
      port: 9101,
      appPort: 9001,
      accessLog: true,
    });
  });

  it('leads to a collector of traces, for one call of a hundred unless asked otherwise', () => {
    const given = ['--otlp-endpoint', 'http://[::1]:4318'];
    expect(printed(...given).node.metadata.penstock).toMatchObject({ traced: 1 });
    const { node, static_resources } = printed(...given, '--traced', '0.5');
    expect(node.metadata.penstock).toMatchObject({ traced: 0.5 });
    expect(JSON.stringify(static_resources.clusters)).toContain('"address":"::1","port_value":4318');
  });

  it('never names two sidecars alike unless asked to', () => {
    expect(printed().node.id).not.toBe(printed().node.id);
    expect(printed('--node-id', 'mine').node.id).toBe('mine');
  });

  it('prints JSON too', () => {
    expect(JSON.parse(run('-o', 'json', '--no-load-reports')).cluster_manager).toEqual({});
  });

  it.each([
    [['--version', 'v1'], '--version needs --service: sidecars of clients serve no version'],
    [['--app-port', '1'], '--app-port needs --service: sidecars of clients have no model server'],
    [['--port', '0'], 'A port is 1 to 65535'],
    [['--xds', 'here'], 'HOST:PORT is needed'],
    [['--xds', '::1:18000'], 'HOST:PORT is needed'],
    [['--address', 'localhost'], 'An IP address is needed'],
    [['--service', 'Fraud'], 'NAME or NAMESPACE/NAME'],
    [['--otlp-endpoint', 'collector:4318'], 'http://HOST:PORT is needed'],
    [['--otlp-endpoint', 'http://collector:4318', '--traced', '0'], 'above 0, at most 100'],
    [['--traced', '5'], '--traced needs --otlp-endpoint'],
  ])('refuses %j', (args, message) => {
    expect(() => run(...args)).toThrow(message);
  });

  it.each([
    ['[::1]:18000', '::1'],
    ['penstock.svc:1', 'penstock.svc'],
  ])('takes %s for the control plane', (given, host) => {
    const [cluster] = printed('--xds', given).static_resources.clusters;
    expect(JSON.stringify(cluster)).toContain(`"address":"${host}"`);
  });
});
