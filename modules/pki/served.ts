/** Which certificate a TLS server shows, as a host sees it. */
import { milliseconds, within, type Duration } from '../../core/duration';
import { CheckError, isRunnerError, messageOf } from '../../core/errors';
import { check, live, query, see, type Finding } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { absoluteOnly, lookAtCertificate } from './certificate';
import { certificateFacts, type CertificateFacts } from './facts';
import { secureConnect, shownCertificates, type SecureConnectParams } from './verify';

export interface ServedParams {
  /** Where the server listens, as the task's host reaches it. */
  readonly address: string;
  readonly port: number;
  /** Name that the certificate must be valid for, a DNS name is sent as SNI. Default: the address. */
  readonly name?: string;
  /** Absolute path on the host of the CA's certificate. */
  readonly ca: string;
  /** Absolute paths on the host, for servers that refuse the handshake without one. */
  readonly clientCert?: { readonly cert: string; readonly key: string };
}

/** What a server showed, after it was found to be trusted. */
export interface ServedCertificate {
  readonly leaf: CertificateFacts;
  /** What it showed besides. */
  readonly chain: readonly CertificateFacts[];
  /** `TLSv1.3` */
  readonly protocol: string;
}

/** One handshake, milliseconds. */
const HANDSHAKE_MS = 10_000;

/**
 * The certificate that a server shows to this host, verified. Through a proxy it is that of the server behind it.
 * A server that is not trusted is an error, never a value.
 */
export const served = query<ServedParams, ServedCertificate>({
  name: 'pki.served',
  subject: endpointText,
  validate: problemsOf,
  inspect: params => live(on => shake(on, params)),
});

export type ServesParams = ServedParams & {
  /** How long it may take, 90s unless said: servers that look at their files once a minute need it. */
  readonly timeout?: Duration;
} & (
  | { /** Absolute path on the host of the certificate that must be shown. */ readonly cert: string }
  | { /** Serial numbers (hex), one of which must be shown. */ readonly serials: readonly string[] }
);

/** Waits until a server shows a certificate: the one in a file, or one of some serials. The value is what it shows. */
export const serves = check<ServesParams, ServedCertificate>({
  name: 'pki.serves',
  subject: endpointText,
  validate: params => [...problemsOf(params), ...('cert' in params ? absoluteOnly([params.cert]) : [])],
  inspect: params => live(on => compare(on, params)),
  patience: ({ timeout = '90s' }) => ({ timeoutMs: milliseconds(timeout), everyMs: 1000 }),
});

async function compare(on: Target, params: ServesParams): Promise<Finding<ServedCertificate>> {
  try {
    const [value, file] = await Promise.all([shake(on, params), 'cert' in params ? see(lookAtCertificate(params.cert), on) : undefined]);
    const wanted = 'cert' in params ? [file?.leaf.serial ?? ''] : params.serials.map(serial => serial.toLowerCase());
    if (wanted.includes(value.leaf.serial)) return { ok: true, value };
    return { ok: false, reason: `${endpointText(params)} shows the certificate with serial ${value.leaf.serial}, not ${wanted.join(' or ')}` };
  } catch (error) {
    // A server that restarts is one to look at again; a host that is gone is not.
    if (isRunnerError(error) && error.kind !== 'connection') return { ok: false, reason: error.message };
    throw error;
  }
}

async function shake(on: Target, params: ServedParams): Promise<ServedCertificate> {
  const label = `${on.host.name} -> ${endpointText(params)}`;
  const credentials = await credentialsOf(on, params);
  const stream = await on.forward(params.address, params.port);
  const name = params.name ?? params.address;
  const socket = await within(HANDSHAKE_MS, on.signal, signal => secureConnect({ stream, name, signal, ...credentials })).catch((error: unknown) => {
    throw new CheckError(`${label}: ${isRunnerError(error) ? error.message : `no TLS: ${messageOf(error)}`}`);
  });
  try {
    const [leaf, ...chain] = shownCertificates(socket).map(certificateFacts);
    if (leaf === undefined) throw new CheckError(`${label}: the server showed no certificate`);
    return { leaf, chain, protocol: socket.getProtocol() ?? '' };
  } finally {
    socket.destroy();
  }
}

async function credentialsOf(on: Target, { ca, clientCert }: ServedParams): Promise<Pick<SecureConnectParams, 'ca' | 'cert' | 'key'>> {
  const [authority, cert, key] = await Promise.all([
    on.read(ca), clientCert === undefined ? undefined : on.read(clientCert.cert), clientCert === undefined ? undefined : on.readSecret(clientCert.key),
  ]);
  return { ca: authority, ...(cert === undefined || key === undefined ? {} : { cert: cert.toString('latin1'), key }) };
}

function endpointText({ address, port }: ServedParams): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function problemsOf({ ca, clientCert, port }: ServedParams): string[] {
  return [
    ...absoluteOnly([ca, clientCert?.cert, clientCert?.key]),
    ...(Number.isInteger(port) && port > 0 && port < 65_536 ? [] : [`${port} is no port`]),
  ];
}
