/**
 * The one function that decides whether a certificate is trusted, and TLS that sends nothing before it has said yes.
 *
 * OpenSSL, so Node, grpc and curl, takes a leaf for self-signed when its subject is its issuer's and it lacks an authority key id (old cfssl
 * files are like that), while Go accepts it. So the chain is built here from what node:crypto answers about two certificates at a time.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { CheckError, messageOf } from '../../core/errors';
import type { Secret } from '../../core/secret';
import { certificateFacts, type CertificateFacts } from './facts';
import { certificatesIn } from './pem';

/** How a certificate is about to be used. */
export type Purpose = 'serverAuth' | 'clientAuth';

/** What a certificate is checked against. */
export interface Expected {
  /** The CAs that are trusted: PEM, one or a bundle, or DER. */
  readonly ca: string | Buffer;
  /** Certificates that the other side sent besides its own, DER. */
  readonly intermediates?: readonly Buffer[];
  /** DNS name or address that the certificate must be valid for; a common name does not count. */
  readonly name?: string;
  readonly purpose?: Purpose;
  /** The time to judge by; now unless said. */
  readonly at?: Date;
}

/** No cluster has longer chains than this. */
const MAX_CHAIN = 6;

/**
 * Checks one certificate: issued and signed by a trusted CA (through intermediates where there are any), valid in time, for this name and purpose.
 * @param leaf PEM or DER
 * @returns what is wrong, each a sentence's end ("expired at ..."); empty when the certificate is trusted
 * @throws RangeError when `ca` holds no certificate
 */
export function verifyCertificate(leaf: string | Buffer, expected: Expected): string[] {
  const at = expected.at ?? new Date();
  const certificate = new X509Certificate(leaf);
  const facts = certificateFacts(certificate.raw);
  const problems = [...timeProblems(facts, at), ...nameProblems(certificate, facts, expected.name), ...purposeProblems(facts, expected.purpose)];
  const chain = chainProblem(certificate, expected, at);
  return chain === undefined ? problems : [chain, ...problems];
}

/** Did this CA issue and sign the certificate? Right also where both have the same subject and no key ids. */
export function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

export interface SecureConnectParams extends Pick<Expected, 'ca'> {
  /** The open connection; it is destroyed when the server is not trusted. */
  readonly stream: Duplex;
  /** DNS name or address that the server's certificate must be valid for; a DNS name is also sent to it (SNI). */
  readonly name: string;
  /** Client certificate, PEM, and its key. */
  readonly cert?: string;
  readonly key?: Secret;
  /** Protocols to offer (ALPN), `['h2']`. */
  readonly protocols?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * TLS over a stream to a server that `verifyCertificate` trusts. Nothing but the handshake was sent when it resolves. Listen to its errors: a server
 * that refuses the client certificate may say so only then.
 * @throws CheckError when the server is not trusted; the handshake's error, or the signal's reason, otherwise
 */
export async function secureConnect(params: SecureConnectParams): Promise<TLSSocket> {
  const { stream, name, cert, key, protocols, signal } = params;
  signal?.throwIfAborted();
  const socket = connect({
    socket: stream,
    minVersion: 'TLSv1.2',
    // OpenSSL's verdict is not asked, since it is wrong for the certificates named above. `trusted` below gives ours before anybody gets the socket.
    rejectUnauthorized: false,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(cert === undefined || key === undefined ? {} : { cert, key: key.reveal() }),
    ...(protocols === undefined ? {} : { ALPNProtocols: [...protocols] }),
  });
  try {
    await handshake(socket, stream, signal);
    trusted(socket, params);
    // A TLS 1.2 server could show another certificate in a second handshake.
    socket.disableRenegotiation();
    // A TLS 1.3 server refuses our certificate only now; until somebody listens that must not end the process.
    socket.on('error', () => undefined);
    return socket;
  } catch (error) {
    socket.destroy();
    stream.destroy();
    throw error;
  }
}

/** The certificates that a TLS server showed, its own first. */
export function shownCertificates(socket: TLSSocket): Buffer[] {
  const shown: Buffer[] = [];
  // An empty object stands for none, and the last certificate of a chain may name itself as its issuer.
  let next: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !holds(shown, next.raw)) {
    shown.push(next.raw);
    next = next.issuerCertificate;
  }
  return shown;
}

function holds(list: readonly Buffer[], one: Buffer): boolean {
  return list.some(other => other.equals(one));
}

function handshake(socket: TLSSocket, stream: Duplex, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cleanUp = (): void => {
      socket.off('secureConnect', done).off('error', failed).off('close', closed);
      stream.off('error', failed);
      signal?.removeEventListener('abort', aborted);
    };
    const done = (): void => { cleanUp(); resolve(); };
    const failed = (error: Error): void => { cleanUp(); reject(error); };
    const closed = (): void => failed(new Error('the connection was closed during the TLS handshake'));
    const aborted = (): void => failed(new Error(`no TLS handshake: ${messageOf(signal?.reason)}`));
    socket.once('secureConnect', done).once('error', failed).once('close', closed);
    stream.once('error', failed);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

function trusted(socket: TLSSocket, { ca, name }: SecureConnectParams): void {
  const [leaf, ...intermediates] = shownCertificates(socket);
  if (leaf === undefined) throw new CheckError('the server showed no certificate');
  const problems = verifyCertificate(leaf, { ca, intermediates, name, purpose: 'serverAuth' });
  if (problems.length > 0) throw new CheckError(`the server's certificate is not trusted: it ${problems.join(', and it ')}`);
}

function chainProblem(leaf: X509Certificate, expected: Expected, at: Date): string | undefined {
  const anchors = certificatesIn(Buffer.from(expected.ca)).map(one => new X509Certificate(one));
  const intermediates = (expected.intermediates ?? []).map(one => new X509Certificate(one));
  const issues: string[] = [];
  if (reaches(leaf, { anchors, intermediates, at, issues }, MAX_CHAIN)) return undefined;
  const subjects = anchors.map(anchor => certificateFacts(anchor.raw).subject.text).join('; ');
  return issues[0] ?? `was not issued by the trusted CA (${subjects}) but by ${certificateFacts(leaf.raw).issuer.text}`;
}

interface Search {
  readonly anchors: readonly X509Certificate[];
  readonly intermediates: readonly X509Certificate[];
  readonly at: Date;
  /** Why issuers that did sign do not count. */
  readonly issues: string[];
}

function reaches(certificate: X509Certificate, search: Search, depth: number): boolean {
  if (depth === 0) return false;
  const usable = (issuer: X509Certificate) => isIssuedBy(certificate, issuer) && maySign(issuer, search);
  if (search.anchors.some(usable)) return true;
  return search.intermediates.filter(usable).some(issuer => {
    const intermediates = search.intermediates.filter(one => one !== issuer);
    return reaches(issuer, { ...search, intermediates }, depth - 1);
  });
}

function maySign(issuer: X509Certificate, search: Search): boolean {
  const facts = certificateFacts(issuer.raw);
  const wrong = facts.isCA ? timeProblems(facts, search.at) : ['is no CA'];
  search.issues.push(...wrong.map(problem => `has an issuer, ${facts.subject.text}, that ${problem}`));
  return wrong.length === 0;
}

/** Is it valid at this time? @returns what is wrong, as `verifyCertificate` does */
export function timeProblems(facts: Pick<CertificateFacts, 'notBefore' | 'notAfter'>, at: Date): string[] {
  if (at < new Date(facts.notBefore)) return [`is not valid before ${facts.notBefore}`];
  return at > new Date(facts.notAfter) ? [`expired at ${facts.notAfter}`] : [];
}

function nameProblems(certificate: X509Certificate, facts: CertificateFacts, name: string | undefined): string[] {
  if (name === undefined) return [];
  const matches = isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name);
  if (matches !== undefined) return [];
  return [`is not for ${name} but for ${facts.names.map(({ value }) => value).join(', ') || 'no name at all'}`];
}

function purposeProblems(facts: CertificateFacts, purpose: Purpose | undefined): string[] {
  const allowed = facts.extendedKeyUsage;
  // No extension allows everything (RFC 5280 section 4.2.1.12).
  if (purpose === undefined || allowed.length === 0 || allowed.includes(purpose) || allowed.includes('anyExtendedKeyUsage')) return [];
  return [`may not be used for ${purpose}, only for ${allowed.join(', ')}`];
}
