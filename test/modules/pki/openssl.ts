/** Certificates made by the openssl command, so that modules/pki meets somebody else's. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Kind = 'rsa' | 'p256' | 'p384';

export const SUBJECT = '/C=CN/ST=ShangHai/L=ShangHai/O=k8s/OU=System';
const PROFILE = 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n';
const KEY_IDS = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';
// Left out, OpenSSL 3 would add them by itself.
const NO_KEY_IDS = 'subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n';

export async function openssl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('openssl', [...args]);
  return stdout;
}

/** RSA keys take long to make, so each is made once for a file's name. */
const rsaKeys = new Map<string, Promise<string>>();

export async function makeKey(path: string, kind: Kind): Promise<void> {
  if (kind === 'rsa') {
    const made = rsaKeys.get(basename(path)) ?? openssl('genrsa', '-traditional', '2048');
    rsaKeys.set(basename(path), made);
    await writeFile(path, await made, { mode: 0o600 });
  } else await openssl('ecparam', '-name', kind === 'p256' ? 'prime256v1' : 'secp384r1', '-genkey', '-noout', '-out', path);
}

export interface Pair { readonly cert: string; readonly key: string }

export interface CaOptions {
  readonly kind?: Kind;
  readonly name?: string;
  readonly subject?: string;
  readonly days?: number;
  readonly keyIds?: boolean;
}

/** A CA in `<dir>/<name>.pem` and `<name>-key.pem`. */
export async function makeCa(dir: string, { kind = 'rsa', name = 'ca', subject = `${SUBJECT}/CN=kubernetes`, days = 36500, keyIds = true }: CaOptions = {}): Promise<Pair> {
  const [cert, key, config] = [join(dir, `${name}.pem`), join(dir, `${name}-key.pem`), join(dir, `${name}.cnf`)];
  await makeKey(key, kind);
  await writeFile(config, `[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n${keyIds ? 'subjectKeyIdentifier=hash\n' : NO_KEY_IDS}`);
  await openssl('req', '-x509', '-new', '-sha256', '-key', key, '-subj', subject, '-days', String(days), '-config', config, '-out', cert);
  return { cert, key };
}

export interface LeafOptions {
  readonly kind?: Kind;
  readonly names?: string;
  readonly subject?: string;
  readonly days?: number;
  /** Subject and authority key ids; without them a leaf with its CA's subject looks self-signed to OpenSSL. */
  readonly keyIds?: boolean;
  /** Lines of an openssl extension section instead of a cluster's usual ones. */
  readonly extensions?: string;
}

/** A leaf in `<dir>/<name>.pem` and `<name>-key.pem`. */
export async function makeLeaf(dir: string, name: string, ca: Pair, options: LeafOptions = {}): Promise<Pair> {
  const { kind = 'rsa', names = 'IP:127.0.0.1', subject = `${SUBJECT}/CN=${name}`, days = 3650, keyIds = true } = options;
  const [cert, key, csr, config] = [join(dir, `${name}.pem`), join(dir, `${name}-key.pem`), join(dir, `${name}.csr`), join(dir, `${name}.cnf`)];
  await makeKey(key, kind);
  const san = names === '' ? '' : `subjectAltName=${names}\n`;
  await writeFile(config, `[req]\ndistinguished_name=dn\n[dn]\n[ext]\n${options.extensions ?? PROFILE}${keyIds ? KEY_IDS : NO_KEY_IDS}${san}`);
  await openssl('req', '-new', '-sha256', '-utf8', '-key', key, '-subj', subject, '-config', config, '-out', csr);
  await openssl('x509', '-req', '-sha256', '-in', csr, '-CA', ca.cert, '-CAkey', ca.key, '-set_serial', `0x4a${Date.now().toString(16).padStart(14, '0')}`,
    '-days', String(days), '-extfile', config, '-extensions', 'ext', '-out', cert);
  return { cert, key };
}

/** `ca-config.json` of the article's kind. */
export async function makeConfig(dir: string, expiry = '87600h', usages: readonly string[] = ['signing', 'key encipherment', 'server auth', 'client auth']): Promise<string> {
  const path = join(dir, 'ca-config.json');
  await writeFile(path, JSON.stringify({ signing: { default: { expiry }, profiles: { kubernetes: { usages, expiry } } } }, null, 2));
  return path;
}

/** What OpenSSL says of a certificate against a CA: `OK`, or its error. */
export async function opensslVerify(ca: string, cert: string): Promise<string> {
  return await openssl('verify', '-purpose', 'sslserver', '-CAfile', ca, cert).then(text => text.trim().split(': ').at(-1) ?? '', (error: unknown) => String(error));
}

export function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8');
}
