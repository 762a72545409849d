/** Looking at keys without taking private ones off their host. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { CheckError, messageOf } from '../../core/errors';
import { live, query } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { absoluteOnly } from './certificate';
import { keyFacts, type KeyFacts } from './facts';
import { pemBlocks, toPem } from './pem';

/** What is known of a key file; the public half of its first key, and of all of them. */
export interface KeyFile extends KeyFacts {
  readonly path: string;
  /** Does the file hold a private key? */
  readonly isPrivate: boolean;
  /** SubjectPublicKeyInfo, DER in base64. */
  readonly publicKey: string;
  /** Public keys of all keys and certificates in the file, in its order (a private key's file shows its first). */
  readonly all: readonly KeyFacts[];
}

export interface KeyParams {
  /** Absolute path on the host of a PEM file with a private key, public keys or certificates. */
  readonly path: string;
}

/**
 * Reads a key file: type, size and the hash of the public key, which is equal for a certificate and its key.
 * A private key stays on its host where that has `openssl`; else it is read into memory, never printed or written.
 * @see openssl-pkey(1)
 */
export const key = query<KeyParams, KeyFile>({
  name: 'pki.key',
  subject: ({ path }) => path,
  validate: ({ path }) => absoluteOnly([path]),
  inspect: ({ path }) => live(on => readKey(on, path)),
});

/** Exit codes by which the look says: no such file; a private key, and no openssl. */
const ABSENT = 44;
const NO_OPENSSL = 43;

/** The look behind `pki.key`. @throws CheckError naming the file when it holds no key that can be read */
export async function readKey(on: Target, path: string): Promise<KeyFile> {
  const found = await findKey(on, path);
  if (found === undefined) throw new CheckError(`${on.host.name}: there is no key ${path}`);
  return found;
}

/** The same; `undefined` when there is no such file. */
export async function findKey(on: Target, path: string): Promise<KeyFile | undefined> {
  // A passphrase is never asked for: with an empty one an encrypted key is an error.
  const result = await on.run(cmd`f=${path}; [ -e "$f" ] || exit ${ABSENT}
grep -q -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' "$f" || { echo public; cat "$f"; exit; }
command -v openssl >/dev/null || exit ${NO_OPENSSL}
echo private; openssl pkey -in "$f" -pubout -passin pass: </dev/null`, { expect: [0, NO_OPENSSL, ABSENT] });
  if (result.code === ABSENT) return undefined;
  const [kind, ...rest] = result.stdout.split('\n');
  const isPrivate = result.code === NO_OPENSSL || kind === 'private';
  const text = result.code === NO_OPENSSL ? await publicHalf(on, path) : rest.join('\n');
  try {
    return describe(path, isPrivate, text);
  } catch (error) {
    throw new CheckError(`${on.host.name}: ${path}: ${messageOf(error)}`);
  }
}

function describe(path: string, isPrivate: boolean, text: string): KeyFile {
  const keys = pemBlocks(text).filter(({ label }) => /(PUBLIC KEY|CERTIFICATE)$/.test(label))
    .map(({ label, der }) => (label.endsWith('CERTIFICATE') ? new X509Certificate(der).publicKey : createPublicKey(toPem(label, der))));
  const [first] = keys;
  if (first === undefined) throw new RangeError('holds no key in PEM form');
  const publicKey = first.export({ type: 'spki', format: 'der' }).toString('base64');
  return { path, isPrivate, ...keyFacts(first), publicKey, all: keys.map(keyFacts) };
}

async function publicHalf(on: Target, path: string): Promise<string> {
  const secret = await on.readSecret(path);
  try {
    return createPublicKey(createPrivateKey(secret.reveal())).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    // OpenSSL's message could quote the key.
    throw new CheckError(`${on.host.name}: ${path} holds no private key that can be read without a passphrase`);
  }
}
