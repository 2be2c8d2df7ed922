import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { CertificateAuthority, createAuthority } from './certificate-authority.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2030, 0, 1);

it('issues certificates that its own certificate verifies, with the names asked for', async () => {
  const root = await createAuthority('mesh', NOW, 24 * HOUR_MS);
  const authority = await CertificateAuthority.open(root);
  const issued = await authority.issue({
    uris: ['spiffe://mesh.example/ns/default/sa/fraud'],
    dnsNames: ['fraud.default.svc'],
    addresses: ['127.0.0.1'],
    now: NOW,
    validForMs: HOUR_MS,
  });
  const certificate = new X509Certificate(issued.cert);
  expect(certificate.verify(new X509Certificate(root.cert).publicKey)).toBe(true);
  expect(certificate.checkIssued(new X509Certificate(root.cert))).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
  expect(certificate.subjectAltName).toBe(
    'URI:spiffe://mesh.example/ns/default/sa/fraud, DNS:fraud.default.svc, IP Address:127.0.0.1',
  );
  expect(certificate.ca).toBe(false);
  expect(issued.notAfter).toBe(NOW + HOUR_MS);
  expect(certificate.serialNumber).not.toBe(
    new X509Certificate(
      (await authority.issue({ now: NOW, validForMs: HOUR_MS, uris: ['spiffe://a/b'] })).cert,
    ).serialNumber,
  );
});

it('issues nothing that outlives it', async () => {
  const authority = await CertificateAuthority.open(await createAuthority('mesh', NOW, HOUR_MS));
  const issued = await authority.issue({ uris: ['spiffe://a/b'], now: NOW, validForMs: 2 * HOUR_MS });
  expect(issued.notAfter).toBe(NOW + HOUR_MS);
});

it('is not opened with a certificate that is no authority', async () => {
  const authority = await CertificateAuthority.open(await createAuthority('mesh', NOW, HOUR_MS));
  const leaf = await authority.issue({ uris: ['spiffe://a/b'], now: NOW, validForMs: HOUR_MS });
  await expect(CertificateAuthority.open(leaf)).rejects.toThrow('not one of an authority');
});
