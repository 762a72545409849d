/** Puts new certificates, keys and request files in place on a host. */
import type { Secret } from '../../core/secret';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { backup } from '../file/backup';
import { besideOf } from '../file/paths';
import { certificateFacts, type CertificateFacts } from './facts';
import type { PublicFile } from './host-files';
import { certificatesIn } from './pem';

/** A certificate that is to be put in place, with a new key or with the one that is there. */
export interface Placement {
  readonly cert: string;
  readonly key: string;
  readonly leaf: CertificateFacts;
  readonly privateKey?: Secret;
  /** The certificate file that is replaced. */
  readonly old?: PublicFile;
  /** Mode and owner of files that are new; an old file's are kept. */
  readonly fresh?: FileOwnership;
}

export interface FileOwnership {
  readonly owner?: string | number;
  readonly group?: string | number;
}

/**
 * Puts a certificate in place, by a rename: a reader sees the old file or the new one, never none. With a new key, both are written beside
 * their places and renamed one right after the other, so that the two fit but for the moment between two renames.
 */
export async function placeLeaf(on: Target, placement: Placement): Promise<void> {
  const { cert, key, privateKey, leaf, old, fresh = {} } = placement;
  const content = withNewLeaf(old?.content, leaf);
  if (privateKey === undefined) {
    await on.write(cert, content, old === undefined ? { mode: 0o644, ...fresh } : {});
    return;
  }
  const [realCert, realKey] = [await realPath(on, cert), await realPath(on, key)];
  const [newCert, newKey] = [besideOf(realCert, on.runId), besideOf(realKey, on.runId)];
  await on.write(newCert, content, await ownershipOf(on, realCert, { mode: 0o644, ...fresh }));
  await on.write(newKey, privateKey, await ownershipOf(on, realKey, { mode: 0o600, ...fresh }));
  await on.run(cmd`mv -f -- ${newKey} ${realKey} && mv -f -- ${newCert} ${realCert}`);
}

/** Copies of the files that a change will replace, `<path>-bak-<run>` beside them; the first copy of a run is kept. */
export async function backupAll(on: Target, paths: readonly string[]): Promise<void> {
  for (const path of paths) await backup(on, path);
}

/** The file's content with another first certificate; what follows it, and text around it, stays. */
export function withNewLeaf(old: Buffer | undefined, leaf: CertificateFacts): string | Buffer {
  if (old === undefined) return leaf.pem;
  if (old[0] === 0x30) return certificatesIn(Buffer.from(leaf.pem))[0] ?? leaf.pem;
  const text = old.toString('latin1');
  const first = /-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----[\s\S]*?-----END \1-----\r?\n?/.exec(text);
  if (first === null) return leaf.pem;
  return Buffer.from(text.slice(0, first.index) + leaf.pem + text.slice(first.index + first[0].length), 'latin1');
}

/** Is the first certificate of a file this one? */
export function showsLeaf(file: PublicFile, leaf: CertificateFacts): boolean {
  const [first] = certificatesIn(file.content);
  return first !== undefined && certificateFacts(first).fingerprint === leaf.fingerprint;
}

/** The file itself, links followed; the path as it is where there is no file yet. */
async function realPath(on: Target, path: string): Promise<string> {
  const result = await on.run(cmd`readlink -f -- ${path} || printf '%s\n' ${path}`);
  return result.stdout.trimEnd();
}

async function ownershipOf(on: Target, path: string, fresh: { mode: number } & FileOwnership): Promise<{ mode: number } & FileOwnership> {
  const result = await on.run(cmd`stat -c '%a %u %g' -- ${path}`, { expect: [0, 1] });
  const [mode = '', owner, group] = result.stdout.trim().split(' ');
  return result.code === 0 ? { mode: Number.parseInt(mode, 8), owner: Number(owner), group: Number(group) } : fresh;
}
