/** What a certificate says, as plain data: node:crypto's parser, and a look at the DER for what it does not show. */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { childAt, childrenOf, contextTag, readDer, readOid, readTime, Tag, type DerElement } from './der';
import { nameText, readAlternativeNames, readName, type AlternativeName, type DistinguishedName } from './names';
import { toPem } from './pem';
import { readKeyUsage, readPurposes, type KeyUsage, type Usages } from './usages';

/** A public key, also of a private key's file. */
export interface KeyFacts {
  readonly type: 'rsa' | 'ec' | 'other';
  /** Bits: of the modulus, or of the curve's field. 0 where there is no such number. */
  readonly size: number;
  /** OpenSSL's name of an EC key's curve, `prime256v1`, `secp384r1`. */
  readonly curve?: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo) as hex: equal for a certificate and its key. */
  readonly sha256: string;
}

/** An extension as it stands in the certificate. */
export interface ExtensionFacts {
  readonly oid: string;
  readonly critical: boolean;
  /** The DER inside, as hex. */
  readonly value: string;
}

/** A certificate as plain data. Times are ISO 8601 in UTC; hashes, ids and the serial are lower-case hex. */
export interface CertificateFacts extends Usages {
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly names: readonly AlternativeName[];
  readonly key: KeyFacts;
  readonly keyUsage: readonly KeyUsage[];
  readonly isCA: boolean;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly serial: string;
  /** SHA-256 of the whole certificate. */
  readonly fingerprint: string;
  readonly subjectKeyId?: string;
  readonly authorityKeyId?: string;
  /** All extensions, raw. */
  readonly extensions: readonly ExtensionFacts[];
  /** SubjectPublicKeyInfo, DER in base64. */
  readonly publicKey: string;
  readonly pem: string;
}

/** OIDs of the extensions that are read or written here. */
export const Extension = {
  subjectKeyId: '2.5.29.14', keyUsage: '2.5.29.15', names: '2.5.29.17', basicConstraints: '2.5.29.19', authorityKeyId: '2.5.29.35', purposes: '2.5.29.37',
} as const;

const BITS_OF_CURVE: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521, secp256k1: 256 };

/** Reads one certificate. @throws RangeError, or OpenSSL's error, when it is none. */
export function certificateFacts(der: Buffer): CertificateFacts {
  const certificate = new X509Certificate(der);
  const tbs = tbsParts(der);
  const extensions = readExtensions(tbs.extensions);
  const value = (oid: string) => {
    const found = extensions.find(extension => extension.oid === oid);
    return found === undefined ? undefined : Buffer.from(found.value, 'hex');
  };
  const [subjectKeyId, authorityKeyId] = [value(Extension.subjectKeyId), keyIdOf(value(Extension.authorityKeyId))];
  return {
    subject: distinguishedName(tbs.subject.raw),
    issuer: distinguishedName(tbs.issuer.raw),
    names: readAlternativeNames(value(Extension.names) ?? EMPTY),
    key: keyFacts(certificate.publicKey),
    keyUsage: readUnless(value(Extension.keyUsage), readKeyUsage),
    extendedKeyUsage: readUnless(value(Extension.purposes), readPurposes),
    isCA: certificate.ca,
    notBefore: readTime(childAt(tbs.validity, 0)).toISOString(),
    notAfter: readTime(childAt(tbs.validity, 1)).toISOString(),
    serial: certificate.serialNumber.toLowerCase(),
    fingerprint: sha256(der),
    ...(subjectKeyId === undefined ? {} : { subjectKeyId: readDer(subjectKeyId).content.toString('hex') }),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
    extensions,
    publicKey: tbs.publicKey.raw.toString('base64'),
    pem: toPem('CERTIFICATE', der),
  };
}

/** The subject as it stands in the certificate, DER: what a re-issued one must repeat to the byte. */
export function rawSubject(facts: Pick<CertificateFacts, 'pem'>): Buffer {
  return tbsParts(new X509Certificate(facts.pem).raw).subject.raw;
}

/** Type, size and hash of a public key; of a private one, those of its public half. */
export function keyFacts(key: KeyObject): KeyFacts {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const hash = sha256(publicKey.export({ type: 'spki', format: 'der' }));
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType === 'rsa') return { type: 'rsa', size: modulusLength ?? 0, sha256: hash };
  if (publicKey.asymmetricKeyType !== 'ec') return { type: 'other', size: 0, sha256: hash };
  return { type: 'ec', size: BITS_OF_CURVE[namedCurve ?? ''] ?? 0, ...(namedCurve === undefined ? {} : { curve: namedCurve }), sha256: hash };
}

/** `rsa 2048`, `ec prime256v1`. */
export function keyText(key: Pick<KeyFacts, 'type' | 'size' | 'curve'>): string {
  return `${key.type} ${key.curve ?? key.size}`;
}

/** SHA-256 as hex. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An empty SEQUENCE, for an extension that is not there. */
const EMPTY = Buffer.from([Tag.sequence, 0]);

interface TbsParts {
  readonly issuer: DerElement;
  readonly validity: DerElement;
  readonly subject: DerElement;
  readonly publicKey: DerElement;
  readonly extensions: DerElement | undefined;
}

function tbsParts(der: Buffer): TbsParts {
  const fields = childrenOf(childAt(readDer(der), 0));
  // A version 1 certificate leaves the version out.
  const [, , issuer, validity, subject, publicKey, ...optional] = fields[0]?.tag === contextTag(0, true) ? fields.slice(1) : fields;
  if (issuer === undefined || validity === undefined || subject === undefined || publicKey === undefined) throw new RangeError('a certificate is cut off');
  return { issuer, validity, subject, publicKey, extensions: optional.find(field => field.tag === contextTag(3, true)) };
}

function readExtensions(field: DerElement | undefined): ExtensionFacts[] {
  if (field === undefined) return [];
  return childrenOf(childAt(field, 0)).map(extension => {
    const parts = childrenOf(extension);
    return {
      oid: readOid(childAt(extension, 0).content),
      critical: parts.some(part => part.tag === Tag.boolean && part.content[0] !== 0),
      value: childAt(extension, parts.length - 1).content.toString('hex'),
    };
  });
}

function keyIdOf(extension: Buffer | undefined): string | undefined {
  if (extension === undefined) return undefined;
  return childrenOf(readDer(extension)).find(part => part.tag === contextTag(0))?.content.toString('hex');
}

function readUnless<T>(value: Buffer | undefined, read: (der: Buffer) => T[]): T[] {
  return value === undefined ? [] : read(value);
}

function distinguishedName(raw: Buffer): DistinguishedName {
  const parts = readName(raw);
  return { text: nameText(parts), parts, sha256: sha256(raw) };
}
