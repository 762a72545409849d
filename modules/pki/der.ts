/** The little of DER (X.690) that certificates need and node:crypto does not show: raw names, extensions, dates. */

/** One element: its tag octet, its content, and all of it as it stands in the input. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

/** Tags of the types that certificates use. */
export const Tag = {
  boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c, printable: 0x13, t61: 0x14, ia5: 0x16,
  utcTime: 0x17, generalizedTime: 0x18, universalString: 0x1c, bmp: 0x1e, sequence: 0x30, set: 0x31,
} as const;

/** The tag octet of a context-specific element. @param constructed whether it holds other elements */
export function contextTag(number: number, constructed = false): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** Reads the element that starts at an offset. @throws RangeError when the bytes are no DER with one-octet tags. */
export function readDer(bytes: Buffer, at = 0): DerElement {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError(`no DER element at octet ${at}`);
  const longForm = first >= 0x80 ? first & 0x7f : 0;
  if (first === 0x80 || longForm > 4 || at + 2 + longForm > bytes.length) throw new RangeError(`a DER length at octet ${at + 1} is not readable`);
  const length = longForm === 0 ? first : bytes.readUIntBE(at + 2, longForm);
  const start = at + 2 + longForm;
  if (start + length > bytes.length) throw new RangeError(`a DER element at octet ${at} is cut off`);
  return { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(at, start + length) };
}

/** The elements inside a constructed one. @throws RangeError when its content is no DER. */
export function childrenOf(element: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let at = 0; at < element.content.length;) {
    const child = readDer(element.content, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
}

/** The child at an index. @throws RangeError when there is none. */
export function childAt(element: DerElement, index: number): DerElement {
  const child = childrenOf(element)[index];
  if (child === undefined) throw new RangeError(`a DER element has no part ${index}`);
  return child;
}

/** An object identifier as dotted text. */
export function readOid(content: Buffer): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of content) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [head = 0n, ...rest] = arcs;
  const top = head < 80n ? head / 40n : 2n;
  return [top, head - top * 40n, ...rest].join('.');
}

/** A UTCTime or GeneralizedTime in the form of RFC 5280 (to the second, in UTC). @throws RangeError for another form. */
export function readTime(element: DerElement): Date {
  const text = element.content.toString('latin1');
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const [, year = '', month, day, hour, minute, second] = match ?? [];
  if (match === null || (element.tag === Tag.utcTime) !== (year.length === 2)) throw new RangeError(`"${text}" is no time of a certificate`);
  // RFC 5280 section 4.1.2.5.1: two digits below 50 belong to this century.
  const full = year.length === 4 ? year : `${Number(year) < 50 ? '20' : '19'}${year}`;
  return new Date(`${full}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`);
}

/** Writes one element around contents. */
export function writeDer(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content]);
}

/** Writes an object identifier. @param oid dotted, with at least two arcs */
export function writeOid(oid: string): Buffer {
  const [top = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return writeDer(Tag.oid, Buffer.from([top * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  const significant = octets.subarray(octets.findIndex(octet => octet !== 0));
  return Buffer.concat([Buffer.from([0x80 | significant.length]), significant]);
}
