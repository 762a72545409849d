/** Brings a snapshot from its host to the controller. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CheckError } from '../../core/errors';
import { command, live } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { pathProblems } from '../file/paths';
import { findSnapshot, type SnapshotFile } from './snapshot-file';

export interface SnapshotKeptParams {
  /** Absolute path of the snapshot on the host. */
  readonly path: string;
  /** Absolute path of the copy on the controller; its directory is made, 0700. What is there already is left when it is this snapshot. */
  readonly to: string;
  /** An age recipient, `age1...`: the copy is encrypted for it before it reaches the disk. Default: it is not encrypted. */
  readonly recipient?: string;
}

/** A snapshot on the controller. */
export interface KeptSnapshot {
  readonly path: string;
  /** Bytes of the copy as it lies there. */
  readonly size: number;
  readonly encrypted: boolean;
  /** SHA-256 of the snapshot, hex: equal on both sides. */
  readonly sha256: string;
}

interface Before { readonly source: SnapshotFile | undefined; readonly present: KeptSnapshot | undefined }

/** How much is read from the host at once when it is encrypted on the way, bytes. */
const CHUNK = 4 * 1024 * 1024;

/**
 * A copy of a snapshot on the controller, mode 0600 in a 0700 directory: it holds every Secret of the cluster. Hashed on the host, on the way and
 * on the controller again. With a recipient the plain text never touches the controller's disk.
 * @see https://age-encryption.org/v1
 */
export const snapshotKept = command<SnapshotKeptParams, Before, KeptSnapshot>({
  name: 'etcd.snapshotKept',
  subject: ({ to }) => to,
  effect: 'converge',
  validate: ({ path, to, recipient }) => [
    ...pathProblems(path),
    ...(isAbsolute(to) ? [] : [`"${to}" is no absolute path`]),
    ...(recipient === undefined || /^age1[a-z0-9]+$/.test(recipient) ? [] : [`"${recipient}" is no age recipient; it begins with age1`]),
  ],
  before: params => live(async on => {
    const source = await findSnapshot(on, params.path);
    return { source, present: await presentCopy(params, source) };
  }),
  describe: ({ source, present }, { path, to, recipient }) => {
    if (present !== undefined) return undefined;
    return `bring ${path} (${source === undefined ? 'not there yet' : `${source.size} bytes`}) to ${to}${recipient === undefined ? '' : ', encrypted'}`;
  },
  run: async (on, { params, before: { source } }) => {
    if (source === undefined) throw new CheckError(`${on.host.name}: there is no snapshot ${params.path}`);
    const { to, recipient } = params;
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    const sha256 = recipient === undefined ? await on.fetch(params.path, to) : await fetchEncrypted(on, source, { to, recipient });
    return { path: to, size: (await stat(to)).size, encrypted: recipient !== undefined, sha256 };
  },
  verify: async (_on, { params: { to }, before: { source }, value }) => {
    if (value.sha256 !== source?.sha256) return `what arrived has the hash ${value.sha256}, the snapshot on the host ${source?.sha256 ?? 'none'}`;
    if (value.encrypted) return value.size > source.size ? true : `${to} is too small to be the encrypted snapshot`;
    const again = await hashOf(to);
    return again === value.sha256 ? true : `${to} has the hash ${again}, not ${value.sha256}`;
  },
  undo: () => [],
  idle: ({ present }, { to }) => present ?? { path: to, size: 0, encrypted: false, sha256: '' },
});

/** The copy that is there; an encrypted one can only be told by its size, since nobody here can read it. */
async function presentCopy({ to, recipient }: SnapshotKeptParams, source: SnapshotFile | undefined): Promise<KeptSnapshot | undefined> {
  const found = await stat(to).catch(() => undefined);
  if (found === undefined || source === undefined) return undefined;
  const encrypted = recipient !== undefined;
  const same = encrypted ? found.size > source.size : (await hashOf(to)) === source.sha256;
  return same ? { path: to, size: found.size, encrypted, sha256: source.sha256 } : undefined;
}

async function fetchEncrypted(on: Target, source: SnapshotFile, { to, recipient }: { to: string; recipient: string }): Promise<string> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const hash = createHash('sha256');
  const plain = ReadableStream.from(chunksOf(on, source, chunk => hash.update(chunk)));
  const temporary = `${to}.part`;
  await rm(temporary, { force: true });
  await pipeline(Readable.fromWeb(await encrypter.encrypt(plain)), createWriteStream(temporary, { mode: 0o600, flags: 'wx', flush: true }));
  await rename(temporary, to);
  return hash.digest('hex');
}

async function* chunksOf(on: Target, { path, size }: SnapshotFile, each: (chunk: Buffer) => unknown): AsyncGenerator<Uint8Array> {
  for (let block = 0; block * CHUNK < size; block += 1) {
    const { bytes } = await on.run(cmd`dd if=${path} bs=${CHUNK} skip=${block} count=1 2>/dev/null`, { channel: 'own', secretOutput: true });
    each(bytes);
    yield bytes;
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
