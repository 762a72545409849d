/** Key usages: their names, their DER, and cfssl's words for them. */
import { childrenOf, readDer, readOid, Tag, writeDer, writeOid } from './der';

/** Bits of the KeyUsage extension in the order of RFC 5280 section 4.2.1.3. */
const BITS = [
  'digitalSignature', 'contentCommitment', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'cRLSign', 'encipherOnly', 'decipherOnly',
] as const;

export type KeyUsage = (typeof BITS)[number];

const PURPOSES: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.1': 'serverAuth', '1.3.6.1.5.5.7.3.2': 'clientAuth', '1.3.6.1.5.5.7.3.3': 'codeSigning', '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.5': 'ipsecEndSystem', '1.3.6.1.5.5.7.3.6': 'ipsecTunnel', '1.3.6.1.5.5.7.3.7': 'ipsecUser',
  '1.3.6.1.5.5.7.3.8': 'timeStamping', '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
  '1.3.6.1.4.1.311.10.3.3': 'msSGC', '2.16.840.1.113730.4.1': 'nsSGC',
};
const PURPOSE_OIDS = new Map(Object.entries(PURPOSES).map(([oid, name]) => [name, oid]));

/** cfssl's words (config/config.go) for bits and purposes. */
const CFSSL_BITS: Readonly<Record<string, KeyUsage>> = {
  signing: 'digitalSignature', 'digital signature': 'digitalSignature', 'content commitment': 'contentCommitment', 'key encipherment': 'keyEncipherment',
  'key agreement': 'keyAgreement', 'data encipherment': 'dataEncipherment', 'cert sign': 'keyCertSign', 'crl sign': 'cRLSign',
  'encipher only': 'encipherOnly', 'decipher only': 'decipherOnly',
};
const CFSSL_PURPOSES: Readonly<Record<string, string>> = {
  any: 'anyExtendedKeyUsage', 'server auth': 'serverAuth', 'client auth': 'clientAuth', 'code signing': 'codeSigning', 'email protection': 'emailProtection',
  's/mime': 'emailProtection', 'ipsec end system': 'ipsecEndSystem', 'ipsec tunnel': 'ipsecTunnel', 'ipsec user': 'ipsecUser',
  timestamping: 'timeStamping', 'ocsp signing': 'OCSPSigning', 'microsoft sgc': 'msSGC', 'netscape sgc': 'nsSGC',
};

/** What a certificate may be used for. */
export interface Usages {
  readonly keyUsage: readonly KeyUsage[];
  /** Purposes by name, `serverAuth`, or dotted OID. */
  readonly extendedKeyUsage: readonly string[];
}

/** The usages that cfssl's words stand for. @throws RangeError for a word that cfssl does not know. */
export function usagesOf(words: readonly string[]): Usages {
  const unknown = words.filter(word => !(word in CFSSL_BITS) && !(word in CFSSL_PURPOSES));
  if (unknown.length > 0) throw new RangeError(`unknown usage "${unknown.join('", "')}"; cfssl knows ${[...Object.keys(CFSSL_BITS), ...Object.keys(CFSSL_PURPOSES)].join(', ')}`);
  return {
    keyUsage: BITS.filter(bit => words.some(word => CFSSL_BITS[word] === bit)),
    extendedKeyUsage: [...new Set(words.flatMap(word => CFSSL_PURPOSES[word] ?? []))],
  };
}

/** Reads the value of a KeyUsage extension. */
export function readKeyUsage(der: Buffer): KeyUsage[] {
  const [, ...octets] = readDer(der).content;
  return BITS.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** Writes the value of a KeyUsage extension. */
export function writeKeyUsage(usages: readonly KeyUsage[]): Buffer {
  const numbers = usages.map(usage => BITS.indexOf(usage));
  const last = Math.max(...numbers);
  const octets = Array<number>((last >> 3) + 1).fill(0);
  for (const bit of numbers) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return writeDer(Tag.bitString, Buffer.from([7 - (last & 7), ...octets]));
}

/** Reads the value of an ExtendedKeyUsage extension. */
export function readPurposes(der: Buffer): string[] {
  return childrenOf(readDer(der)).map(element => readOid(element.content)).map(oid => PURPOSES[oid] ?? oid);
}

/** Writes the value of an ExtendedKeyUsage extension. */
export function writePurposes(purposes: readonly string[]): Buffer {
  return writeDer(Tag.sequence, ...purposes.map(purpose => writeOid(PURPOSE_OIDS.get(purpose) ?? purpose)));
}
