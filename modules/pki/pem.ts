/** PEM (RFC 7468): blocks of base64 between BEGIN and END lines. */

export interface PemBlock {
  /** `CERTIFICATE`, `RSA PRIVATE KEY`. */
  readonly label: string;
  readonly der: Buffer;
}

/** The blocks of a text, in order. What stands around them is skipped, as OpenSSL and Go do. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)].map(([, label = '', body = '']) => ({
    label,
    // A traditional encrypted key has headers before its base64; they end with an empty line.
    der: Buffer.from(body.replace(/^[\s\S]*?:[\s\S]*?\r?\n\r?\n/, ''), 'base64'),
  }));
}

/** A block as PEM text with lines of 64 characters, a newline at the end. */
export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The certificates of a file, PEM (one or a chain) or DER, each as DER.
 * @throws RangeError when there is none in it.
 */
export function certificatesIn(content: Buffer): Buffer[] {
  if (content[0] === 0x30) return [content];
  const certificates = pemBlocks(content.toString('latin1')).filter(block => block.label.endsWith('CERTIFICATE')).map(block => block.der);
  if (certificates.length === 0) throw new RangeError('holds no certificate');
  return certificates;
}
