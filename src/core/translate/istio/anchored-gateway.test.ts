import { describe, expect, it } from 'vitest';
import { gatewayName, parseGateway } from './anchored-gateway.ts';

describe('parseGateway', () => {
  it('reads namespace, labels and port', () => {
    expect(parseGateway('ingress/istio=Ingress_Gateway,app=gw:8080')).toEqual({
      namespace: 'ingress',
      labels: { istio: 'Ingress_Gateway', app: 'gw' },
      port: 8080,
    });
  });

  it.each([
    '',
    'ingress',
    'ingress/istio:80',
    'ingress/istio=gw',
    'ingress/istio=gw:0',
    'ingress/=gw:80',
    '/istio=gw:80',
  ])('refuses %j', (text) => {
    expect(parseGateway(text)).toBeUndefined();
  });
});

describe('gatewayName', () => {
  it('can be part of a name', () => {
    expect(gatewayName({ namespace: 'a', labels: { istio: 'Ingress_Gateway' }, port: 80 })).toBe(
      'gateway-80-ingress-gateway',
    );
  });
});
