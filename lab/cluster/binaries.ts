import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The programs that a real cluster needs besides what Debian packages: kubectl, etcd and nginx come from there. */
export const kubePrograms = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubemark'] as const;

/** Where unpacked and built binaries are kept between labs: `$RUNSHEET_CACHE/kube`, /var/cache/runsheet/kube unless set. */
export function kubeCache(): string {
  return join(process.env['RUNSHEET_CACHE'] ?? '/var/cache/runsheet', 'kube');
}

/**
 * Directory with the real Kubernetes binaries: `$RUNSHEET_KUBE_DIR` (the binaries, or a `.tar.zst` of them with
 * `SHA256SUMS`, which is unpacked once into the cache), else the newest complete directory in the cache.
 * @returns undefined when there are none.
 * @throws when `$RUNSHEET_KUBE_DIR` is set but holds neither, or a checksum does not match.
 */
export async function findKubeBinaries(): Promise<string | undefined> {
  const given = process.env['RUNSHEET_KUBE_DIR'];
  if (given !== undefined && given !== '') return await fromDirectory(given);
  return await newestInCache();
}

/**
 * Compares the programs in a directory with its `SHA256SUMS`.
 * @throws when a program is missing or its checksum differs; the message names the file.
 */
export async function verifyChecksums(directory: string, sums: string): Promise<void> {
  for (const program of kubePrograms) {
    const wanted = new RegExp(`^([0-9a-f]{64}) [ *]${program}$`, 'm').exec(sums)?.[1];
    if (wanted === undefined) throw new Error(`SHA256SUMS of ${directory} has no line for ${program}`);
    const found = await sha256(join(directory, program));
    if (found !== wanted) throw new Error(`${join(directory, program)} has SHA-256 ${found}, SHA256SUMS says ${wanted}`);
  }
}

/**
 * Moves a directory of verified binaries into the cache, under a name made from its checksums.
 * @returns where it lies now; when another process was first, that one's directory.
 */
export async function keepInCache(directory: string, sums: string): Promise<string> {
  const target = join(kubeCache(), cacheKey(sums));
  try {
    await rename(directory, target);
  } catch (error) {
    if (!(await isComplete(target))) throw error;
  }
  return target;
}

async function fromDirectory(given: string): Promise<string> {
  if (await isComplete(given)) return given;
  const archive = (await readdir(given)).find((name) => name.endsWith('.tar.zst'));
  if (archive === undefined) {
    throw new Error(`RUNSHEET_KUBE_DIR is ${given}, which holds neither ${kubePrograms.join(', ')} nor a .tar.zst of them`);
  }
  return await unpack(join(given, archive), await readFile(join(given, 'SHA256SUMS'), 'utf8'));
}

async function unpack(archive: string, sums: string): Promise<string> {
  const target = join(kubeCache(), cacheKey(sums));
  if (await isComplete(target)) return target;
  await mkdir(kubeCache(), { recursive: true });
  const work = await mkdtemp(join(kubeCache(), '.unpack-'));
  try {
    await run('tar', ['-I', 'zstd', '-xf', archive, '-C', work, '--no-same-owner']);
    await run('chmod', ['0755', work]);
    await verifyChecksums(work, sums);
    return await keepInCache(work, sums);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function newestInCache(): Promise<string | undefined> {
  const names = await readdir(kubeCache()).catch(() => []);
  const found: { directory: string; changed: number }[] = [];
  for (const name of names.filter((each) => !each.startsWith('.'))) {
    const directory = join(kubeCache(), name);
    if (await isComplete(directory)) found.push({ directory, changed: (await stat(directory)).mtimeMs });
  }
  return found.sort((a, b) => b.changed - a.changed)[0]?.directory;
}

async function isComplete(directory: string): Promise<boolean> {
  const found = await Promise.all(
    kubePrograms.map((program) => access(join(directory, program)).then(() => true, () => false)),
  );
  return found.every(Boolean);
}

function cacheKey(sums: string): string {
  return createHash('sha256').update(sums).digest('hex').slice(0, 16);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
