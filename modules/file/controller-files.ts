/** Files of the controller, read and hashed once for all the hosts that get them. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, type BigIntStats } from 'node:fs';
import { sha256 } from '../../core/checksum';

/** Contents that are kept although no task needs them right now, in bytes. What is larger is shared as long as some host still waits for it. */
const MOST_KEPT = 64 * 1024 * 1024;

/** Files whose content or checksum is remembered. */
const MOST_FILES = 20_000;

/** What was changed so lately, in milliseconds, may change once more without its times telling. */
const UNSETTLED_MS = 100;

/** How much is read at a time where only the checksum is wanted, in bytes. */
const PIECE = 1024 * 1024;

/** What is known of a file as long as its stamp stays the same. */
interface Known {
  readonly stamp: string;
  bytes?: WeakRef<Buffer>;
  sum?: string;
}

/** By path, the one asked for last at the end. */
const files = new Map<string, Known>();
/** Keeps contents from being collected, the one asked for last at the end. */
const kept = new Set<Buffer>();
let keptBytes = 0;

/** The content of a file, not to be changed by the caller. @throws what opening and reading throws */
export function readOnce(path: string): Buffer {
  return ofFile(path, (file, known) => {
    const bytes = known.bytes?.deref() ?? readFileSync(file);
    known.bytes = new WeakRef(bytes);
    keep(bytes);
    return bytes;
  });
}

/** The sha256 of a file as hex; its content is not kept. @throws what opening and reading throws */
export function sha256OfFile(path: string): string {
  return ofFile(path, (file, known) => {
    const bytes = known.bytes?.deref();
    return known.sum ??= bytes === undefined ? hashed(file) : sha256(bytes);
  });
}

/** Forgets all files, for tests. */
export function forgetFiles(): void {
  files.clear();
  kept.clear();
  keptBytes = 0;
}

function ofFile<T>(path: string, use: (file: number, known: Known) => T): T {
  const file = openSync(path, 'r');
  try {
    const before = fstatSync(file, { bigint: true });
    const stamp = stampOf(before);
    const found = files.get(path);
    const known = found?.stamp === stamp ? found : { stamp };
    const result = use(file, known);
    files.delete(path);
    // A file that is being written must be read again by the next host.
    if (isSettled(before) && stampOf(fstatSync(file, { bigint: true })) === stamp) files.set(path, known);
    forgetOldest();
    return result;
  } finally {
    closeSync(file);
  }
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** Pipes and devices never are. */
function isSettled(stats: BigIntStats): boolean {
  return stats.isFile() && Date.now() - Number(stats.ctimeMs) > UNSETTLED_MS;
}

function keep(bytes: Buffer): void {
  if (kept.delete(bytes)) keptBytes -= bytes.length;
  if (bytes.length > MOST_KEPT) return;
  kept.add(bytes);
  keptBytes += bytes.length;
  for (const oldest of kept) {
    if (keptBytes <= MOST_KEPT) return;
    kept.delete(oldest);
    keptBytes -= oldest.length;
  }
}

function forgetOldest(): void {
  const oldest = files.keys().next();
  if (files.size > MOST_FILES && oldest.done !== true) files.delete(oldest.value);
}

function hashed(file: number): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  return hash.digest('hex');
}
