/**
 * RSA certificates, written by node-forge, which is loaded when the first one is made. What takes long, the arithmetic of a key or a signature, is Node's own
 * and done by its threads: forge would hold up the event loop, and with it all other hosts, for a third of a second.
 */
import { createPrivateKey, generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { asn1, pki } from 'node-forge';
import type { CertificatePlan } from './plan';

type Forge = typeof import('node-forge');

/**
 * Signs a certificate for an RSA key with an RSA key, SHA-256.
 * Names are put in as the bytes they are: forge would write them again in its own string types.
 * @param issuer raw DER of the CA's subject
 * @param signingKey the CA's private key, PEM
 * @returns the certificate as DER
 */
export async function signRsa(plan: CertificatePlan, issuer: Buffer, signingKey: string): Promise<Buffer> {
  const forge = await loadForge();
  const { asn1 } = forge;
  const certificate = unsigned(forge, plan);
  const whole = partsOf(forge.pki.certificateToAsn1(certificate));
  const fields = partsOf(whole.at(0));
  fields[3] = asn1.fromDer(binary(issuer));
  fields[5] = asn1.fromDer(binary(plan.subject));
  const tbs = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, fields);
  certificate.tbsCertificate = tbs;
  certificate.signature = binary(await promisify(sign)('sha256', Buffer.from(asn1.toDer(tbs).getBytes(), 'latin1'), createPrivateKey(signingKey)));
  return Buffer.from(asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes(), 'latin1');
}

/** A new RSA key, made off the event loop, as PEM in the traditional form that cfssl writes. */
export async function newRsaKey(bits: number): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: bits, publicExponent: 0x10001 });
  return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

function unsigned(forge: Forge, plan: CertificatePlan): pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const algorithm = forge.pki.oids['sha256WithRSAEncryption'] ?? '';
  certificate.publicKey = forge.pki.publicKeyFromAsn1(forge.asn1.fromDer(binary(plan.publicKey)));
  certificate.serialNumber = plan.serial;
  certificate.validity = { notBefore: plan.notBefore, notAfter: plan.notAfter };
  certificate.extensions = plan.extensions.map(({ oid, critical, value }) => ({ id: oid, critical, value: binary(Buffer.from(value, 'hex')) }));
  certificate.signatureOid = algorithm;
  certificate.siginfo.algorithmOid = algorithm;
  certificate.signature = '';
  return certificate;
}

/** forge keeps bytes in strings, one octet a character. */
function binary(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function partsOf(element: asn1.Asn1 | undefined): asn1.Asn1[] {
  if (element === undefined || typeof element.value === 'string') throw new TypeError('node-forge built a certificate without parts');
  return [...element.value];
}

async function loadForge(): Promise<Forge> {
  const { default: forge } = await import('node-forge');
  return forge;
}
