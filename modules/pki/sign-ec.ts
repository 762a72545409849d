/** Certificates where the leaf's key or the CA's is ECDSA, made by @peculiar/x509. It is loaded when the first one is made. */
import { createPrivateKey, generateKeyPair, webcrypto, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { CertificatePlan } from './plan';

/** P-256 and P-384: OpenSSL's name of the curve, WebCrypto's, and the hash that goes with its size. */
const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
};

/**
 * Signs a certificate with an ECDSA P-256 or P-384 key, or an RSA key; the leaf's key may be of any of these types.
 * @param issuer raw DER of the CA's subject
 * @param signingKey the CA's private key, PEM
 * @returns the certificate as DER
 * @throws RangeError for a key of another type
 */
export async function signEc(plan: CertificatePlan, issuer: Buffer, signingKey: string): Promise<Buffer> {
  const x509 = await loadX509();
  const key = createPrivateKey(signingKey);
  const algorithm = signingAlgorithm(key);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: plan.serial,
    subject: new x509.Name(plan.subject),
    issuer: new x509.Name(issuer),
    notBefore: plan.notBefore,
    notAfter: plan.notAfter,
    publicKey: plan.publicKey,
    extensions: plan.extensions.map(({ oid, critical, value }) => new x509.Extension(oid, critical, Buffer.from(value, 'hex'))),
    signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
  });
  return Buffer.from(certificate.rawData);
}

/** A new EC key as PEM in the traditional form that cfssl writes. @param bits 256 or 384 @throws RangeError for another size */
export async function newEcKey(bits: number): Promise<string> {
  const namedCurve = { 256: 'prime256v1', 384: 'secp384r1' }[bits];
  if (namedCurve === undefined) throw new RangeError(`no EC keys of ${bits} bits are made here, only 256 and 384`);
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve });
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
}

function signingAlgorithm(key: KeyObject): { name: string; hash: string; namedCurve?: string } {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || curve === undefined) throw new RangeError('the CA\'s key is neither RSA nor ECDSA P-256 or P-384');
  return { name: 'ECDSA', ...curve };
}

async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  // Its dependency injection reads metadata that this package adds to Reflect; it must be there first.
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}
