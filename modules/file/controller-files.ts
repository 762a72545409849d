/** Files of the controller, read and hashed once for all the hosts that get them; large ones while the event loop goes on. */
import { createHash } from 'node:crypto';
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { sha256, sha256InPieces } from '../../core/checksum';

/** What is larger is not read or hashed in one go, in bytes. */
export const LARGE = 1024 * 1024;

/** Contents that are kept although no task needs them right now, in bytes. What is larger is shared as long as some host still waits for it. */
const MOST_KEPT = 64 * 1024 * 1024;

/** Files whose content or checksum is remembered. */
const MOST_FILES = 20_000;

/** What was changed so lately, in milliseconds, may change once more without its times telling. */
const UNSETTLED_MS = 100;

/** How much of a large file is read at a time, in bytes. */
const PIECE = 256 * 1024;

/** Node reads no more at once, in bytes. */
const MOST_AT_ONCE = 2 ** 31 - 1;

/** What is known of a file as long as its stamp stays the same. */
interface Known {
  readonly stamp: string;
  bytes?: WeakRef<Buffer>;
  sum?: string;
  /** Under way, for all who ask meanwhile. */
  reading?: Promise<Buffer> | undefined;
  hashing?: Promise<string> | undefined;
}

/** A file at one moment. */
export interface Measured { /** Bytes. */ readonly size: number; readonly sha256: string }

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

/**
 * The content of a file, not to be changed by the caller; of a large one, what reads and hashes it when it is first called, and gives those very bytes to
 * all who call it. @throws what opening and reading throws
 */
export function readOrDefer(path: string): Buffer | (() => Promise<Buffer>) {
  const stats = statSync(path, { throwIfNoEntry: false });
  // Pipes and devices have no size, and what is more than Node reads at once is refused right here.
  if (stats?.isFile() !== true || stats.size <= LARGE || stats.size > MOST_AT_ONCE) return readOnce(path);
  accessSync(path, constants.R_OK);
  let reading: Promise<Buffer> | undefined;
  return () => reading ??= readLarge(path);
}

/** Size and checksum of a file, whose content is not kept; a large one is read and hashed while the event loop goes on. @throws what opening and reading throws */
export async function measure(path: string): Promise<Measured> {
  if (statSync(path).size <= LARGE) return measureNow(path);
  return await ofLarge(path, async (file, known, size) => ({ size, sha256: known.sum ??= await (known.hashing ??= hashed(file, known)) }));
}

/** The same at once. @throws what opening and reading throws */
export function measureNow(path: string): Measured {
  return ofFile(path, (file, known, size) => ({ size, sha256: known.sum ??= sha256(known.bytes?.deref() ?? readFileSync(file)) }));
}

/** Forgets all files, for tests. */
export function forgetFiles(): void {
  files.clear();
  kept.clear();
  keptBytes = 0;
}

async function readLarge(path: string): Promise<Buffer> {
  return await ofLarge(path, async (file, known, size) => {
    const bytes = known.bytes?.deref() ?? await (known.reading ??= readWhole(file, known, size));
    keep(bytes);
    return bytes;
  });
}

async function readWhole(file: FileHandle, known: Known, size: number): Promise<Buffer> {
  try {
    const room = Buffer.allocUnsafeSlow(size);
    const bytes = room.subarray(0, await readInto(file, room));
    known.sum = await sha256InPieces(bytes);
    known.bytes = new WeakRef(bytes);
    return bytes;
  } finally {
    known.reading = undefined;
  }
}

/** Reads until the room is full or the file ends, while the event loop goes on. @returns how much it read */
export async function readInto(file: FileHandle, room: Buffer): Promise<number> {
  let at = 0;
  for (let read = 1; read > 0 && at < room.length; at += read) ({ bytesRead: read } = await file.read(room, at, Math.min(PIECE, room.length - at), null));
  return at;
}

async function hashed(file: FileHandle, known: Known): Promise<string> {
  try {
    const bytes = known.bytes?.deref();
    if (bytes !== undefined) return await sha256InPieces(bytes);
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE);
    for (let read = await readInto(file, piece); read > 0; read = await readInto(file, piece)) hash.update(piece.subarray(0, read));
    return hash.digest('hex');
  } finally {
    known.hashing = undefined;
  }
}

function ofFile<T>(path: string, use: (file: number, known: Known, size: number) => T): T {
  const file = openSync(path, 'r');
  try {
    const before = fstatSync(file, { bigint: true });
    const known = knownOf(path, before);
    const result = use(file, known, Number(before.size));
    // A file that is being written must be read again by the next host.
    if (isSettled(before) && stampOf(fstatSync(file, { bigint: true })) === known.stamp) remember(path, known);
    return result;
  } finally {
    closeSync(file);
  }
}

async function ofLarge<T>(path: string, use: (file: FileHandle, known: Known, size: number) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    const before = await file.stat({ bigint: true });
    const known = knownOf(path, before);
    // At once: who asks while it is being read waits for the same bytes.
    if (isSettled(before)) remember(path, known);
    const result = await use(file, known, Number(before.size));
    if (stampOf(await file.stat({ bigint: true })) !== known.stamp && files.get(path) === known) files.delete(path);
    return result;
  } finally {
    await file.close();
  }
}

function knownOf(path: string, stats: BigIntStats): Known {
  const stamp = stampOf(stats);
  const found = files.get(path);
  return found?.stamp === stamp ? found : { stamp };
}

function remember(path: string, known: Known): void {
  files.delete(path);
  files.set(path, known);
  const oldest = files.keys().next();
  if (files.size > MOST_FILES && oldest.done !== true) files.delete(oldest.value);
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
