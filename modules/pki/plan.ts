/** What is to be signed: a leaf certificate's parts, whoever signs it. Pure. */
import { createHash, randomBytes } from 'node:crypto';
import { childAt, contextTag, readDer, Tag, writeDer } from './der';
import { Extension, type CertificateFacts, type ExtensionFacts } from './facts';
import { writeAlternativeNames, type AlternativeName } from './names';
import { writeKeyUsage, writePurposes, type Usages } from './usages';

/** A certificate before it is signed; the names in it are raw DER. */
export interface CertificatePlan {
  readonly subject: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** Hex, positive. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly ExtensionFacts[];
}

/** What a leaf is wanted to be. */
export interface LeafWish {
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly names: readonly AlternativeName[];
  /** Key usages, and whatever else is taken over from an older certificate as it stands. */
  readonly extensions: readonly ExtensionFacts[];
  readonly expiryMs: number;
  readonly backdateMs: number;
}

/** Written anew for each certificate, so never taken over; nor are signed certificate timestamps, which belong to one certificate. */
const OWN: readonly string[] = [Extension.names, Extension.basicConstraints, Extension.subjectKeyId, Extension.authorityKeyId, '1.3.6.1.4.1.11129.2.4.2'];

/**
 * The plan of a leaf: a positive random serial of 16 octets, NotAfter within the CA's, no CA itself, subject and authority key ids always
 * (OpenSSL needs both to tell a leaf from its CA when they share a subject).
 */
export function planLeaf(wish: LeafWish, authority: CertificateFacts, now: Date): CertificatePlan {
  const notBefore = toSecond(now.getTime() - wish.backdateMs);
  return {
    subject: wish.subject,
    publicKey: wish.publicKey,
    serial: newSerial(),
    notBefore,
    notAfter: toSecond(Math.min(notBefore.getTime() + wish.expiryMs, new Date(authority.notAfter).getTime())),
    extensions: [
      ...wish.extensions,
      extension(Extension.basicConstraints, true, writeDer(Tag.sequence)),
      extension(Extension.subjectKeyId, false, writeDer(Tag.octetString, keyIdOf(wish.publicKey))),
      extension(Extension.authorityKeyId, false, writeDer(Tag.sequence, writeDer(contextTag(0), authorityKeyId(authority)))),
      ...(wish.names.length === 0 ? [] : [extension(Extension.names, isEmpty(wish.subject), writeAlternativeNames(wish.names))]),
    ],
  };
}

/** The extensions of a certificate that another one may take over. */
export function inheritedExtensions(facts: CertificateFacts): ExtensionFacts[] {
  return facts.extensions.filter(({ oid }) => !OWN.includes(oid));
}

/** The extensions that say what a certificate may be used for. */
export function usageExtensions({ keyUsage, extendedKeyUsage }: Usages): ExtensionFacts[] {
  return [
    ...(keyUsage.length === 0 ? [] : [extension(Extension.keyUsage, true, writeKeyUsage(keyUsage))]),
    ...(extendedKeyUsage.length === 0 ? [] : [extension(Extension.purposes, false, writePurposes(extendedKeyUsage))]),
  ];
}

/** Is it one of the two extensions about usage? */
export function isAboutUsage({ oid }: ExtensionFacts): boolean {
  return oid === Extension.keyUsage || oid === Extension.purposes;
}

function authorityKeyId(authority: CertificateFacts): Buffer {
  if (authority.subjectKeyId !== undefined) return Buffer.from(authority.subjectKeyId, 'hex');
  return keyIdOf(Buffer.from(authority.publicKey, 'base64'));
}

/** RFC 5280 section 4.2.1.2 (1): SHA-1 of the key's bits. It is a name, not a protection. */
function keyIdOf(publicKey: Buffer): Buffer {
  const bits = childAt(readDer(publicKey), 1).content.subarray(1);
  return createHash('sha1').update(bits).digest();
}

function newSerial(): string {
  const octets = randomBytes(16);
  // Neither a sign bit nor a leading zero octet, which encoders treat differently.
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;
  return octets.toString('hex');
}

function isEmpty(name: Buffer): boolean {
  return readDer(name).content.length === 0;
}

function toSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

function extension(oid: string, critical: boolean, value: Buffer): ExtensionFacts {
  return { oid, critical, value: value.toString('hex') };
}
