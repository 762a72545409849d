/** Distinguished names and alternative names: reading, printing, writing, comparing. */
import { isIP } from 'node:net';
import { childAt, childrenOf, contextTag, readDer, readOid, Tag, writeDer, writeOid, type DerElement } from './der';

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** `CN`, or the dotted OID where there is no short name. */
  readonly type: string;
  readonly value: string;
}

/** A subject or issuer. */
export interface DistinguishedName {
  /** As RFC 2253 writes it, most specific first: `CN=etcd,OU=System,O=k8s,C=CN`. */
  readonly text: string;
  /** In the certificate's order; each part is one attribute, rarely several. */
  readonly parts: readonly (readonly NameAttribute[])[];
  /** SHA-256 of the raw DER as hex: equal only for names that are equal to the byte. */
  readonly sha256: string;
}

/** A name that a certificate is valid for. */
export interface AlternativeName {
  readonly type: 'dns' | 'ip' | 'uri' | 'email' | 'other';
  /** Addresses in their shortest form; DNS names as written (they are compared without case); for `other` the raw DER as hex. */
  readonly value: string;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN', '2.5.4.5': 'serialNumber', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST', '2.5.4.9': 'STREET', '2.5.4.10': 'O',
  '2.5.4.11': 'OU', '2.5.4.17': 'postalCode', '0.9.2342.19200300.100.1.25': 'DC', '0.9.2342.19200300.100.1.1': 'UID',
  '1.2.840.113549.1.9.1': 'emailAddress',
};
const OIDS = new Map(Object.entries(SHORT_NAMES).map(([oid, name]) => [name, oid]));

/** The attributes of a DER Name, in order. */
export function readName(der: Buffer): NameAttribute[][] {
  return childrenOf(readDer(der)).map(set => childrenOf(set).map(attribute => {
    const oid = readOid(childAt(attribute, 0).content);
    return { type: SHORT_NAMES[oid] ?? oid, value: readString(childAt(attribute, 1)) };
  }));
}

/** A name as RFC 2253 prints it. */
export function nameText(parts: readonly (readonly NameAttribute[])[]): string {
  return parts.toReversed().map(part => part.map(({ type, value }) => `${type}=${escapeValue(value)}`).join('+')).join(',');
}

/** Writes a Name; strings as PrintableString where they can be, else UTF8String, as Go (so cfssl) does. Types are short names or OIDs. */
export function writeName(parts: readonly (readonly NameAttribute[])[]): Buffer {
  return writeDer(Tag.sequence, ...parts.map(part => {
    const attributes = part.map(({ type, value }) => writeDer(Tag.sequence, writeOid(OIDS.get(type) ?? type), writeString(value)));
    // DER sorts the elements of a SET.
    return writeDer(Tag.set, ...attributes.sort((a, b) => a.compare(b)));
  }));
}

/** What a text names, sorted out as cfssl does it: an address, a URI, an e-mail address, else a DNS name. `IP:` and the like may stand before it. */
export function alternativeName(text: string): AlternativeName {
  const typed = /^(dns|ip|uri|email):(.+)$/i.exec(text);
  const value = typed?.[2] ?? text;
  if (isIP(value) !== 0) return { type: 'ip', value: canonicalAddress(value) };
  if (value.includes('://')) return { type: 'uri', value };
  return value.includes('@') ? { type: 'email', value } : { type: 'dns', value };
}

/** `10.0.0.1`, `kubernetes.default`: as cfssl's `hosts` list has it. */
export function hostText(name: AlternativeName): string {
  return name.type === 'other' ? `other:${name.value}` : name.value;
}

/** Do the two lists hold the same names, in whatever order? */
export function sameNames(a: readonly AlternativeName[], b: readonly AlternativeName[]): boolean {
  const keys = (names: readonly AlternativeName[]) => [...new Set(names.map(nameKey))].sort().join('\n');
  return keys(a) === keys(b);
}

/** Are the two the same name, matched whole? */
export function isSameName(a: AlternativeName, b: AlternativeName): boolean {
  return nameKey(a) === nameKey(b);
}

/** Reads the value of a SubjectAltName extension. */
export function readAlternativeNames(der: Buffer): AlternativeName[] {
  return childrenOf(readDer(der)).map(element => {
    const text = element.content.toString('latin1');
    switch (element.tag) {
      case contextTag(1): return { type: 'email', value: text };
      case contextTag(2): return { type: 'dns', value: text };
      case contextTag(6): return { type: 'uri', value: text };
      case contextTag(7): return { type: 'ip', value: addressText(element.content) };
      default: return { type: 'other', value: element.raw.toString('hex') };
    }
  });
}

/** Writes the value of a SubjectAltName extension, in the order given. */
export function writeAlternativeNames(names: readonly AlternativeName[]): Buffer {
  return writeDer(Tag.sequence, ...names.map(({ type, value }) => {
    switch (type) {
      case 'email': return writeDer(contextTag(1), Buffer.from(value, 'latin1'));
      case 'dns': return writeDer(contextTag(2), Buffer.from(value, 'latin1'));
      case 'uri': return writeDer(contextTag(6), Buffer.from(value, 'latin1'));
      case 'ip': return writeDer(contextTag(7), addressOctets(value));
      case 'other': return Buffer.from(value, 'hex');
    }
  }));
}

/** An address in its shortest form, so that equal addresses are equal texts. */
export function canonicalAddress(text: string): string {
  return isIP(text) === 6 ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text;
}

function nameKey(name: AlternativeName): string {
  return `${name.type}:${name.type === 'dns' ? name.value.toLowerCase() : name.value}`;
}

function addressText(octets: Buffer): string {
  if (octets.length === 4) return [...octets].join('.');
  if (octets.length !== 16) return octets.toString('hex');
  const groups = Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(i * 2).toString(16));
  return canonicalAddress(groups.join(':'));
}

function addressOctets(text: string): Buffer {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number));
  // The URL parser turns a dotted tail (::ffff:10.0.0.1) into groups, so only hex groups are left.
  const [head = '', tail] = canonicalAddress(text).split('::');
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const groups = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(groups.flatMap(group => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16));
}

function readString(element: DerElement): string {
  switch (element.tag) {
    case Tag.bmp: return Buffer.from(element.content).swap16().toString('utf16le');
    case Tag.universalString: return Array.from({ length: element.content.length / 4 }, (_, i) => String.fromCodePoint(element.content.readUInt32BE(i * 4))).join('');
    case Tag.utf8: return element.content.toString('utf8');
    default: return element.content.toString('latin1');
  }
}

function writeString(value: string): Buffer {
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  return writeDer(printable ? Tag.printable : Tag.utf8, Buffer.from(value, 'utf8'));
}

function escapeValue(value: string): string {
  return value.replaceAll(/[,+"\\<>;]/g, String.raw`\$&`).replace(/^[ #]/, String.raw`\$&`).replace(/ $/, String.raw`\ `);
}
