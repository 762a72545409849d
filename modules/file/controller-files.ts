/** Files of the controller, read and hashed once for all the hosts that get them; large ones while the event loop goes on. */
import { createHash } from 'node:crypto';
import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { sha256, sha256InPieces } from '../../core/checksum';
import { CheckError, isRunnerError, messageOf, RefusedError } from '../../core/errors';
import { forgetBytes, keep } from './kept-bytes';

/** What is larger is not read or hashed in one go, in bytes. */
export const LARGE = 1024 * 1024;

/** How often a file is read that changes each time. */
const MOST_READS = 3;

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

/** The content of a file, not to be changed by the caller. @throws RefusedError when it changes while it is read, again and again, and what opening and reading throws */
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
 * all who call it. Bytes that nobody needs are let go; then it reads the file once more, and refuses another content. @throws as `readOnce`
 */
export function readOrDefer(path: string): Buffer | (() => Promise<Buffer>) {
  const stats = statSync(path, { throwIfNoEntry: false });
  // Pipes and devices have no size, and what is more than Node reads at once is refused right here.
  if (stats?.isFile() !== true || stats.size <= LARGE || stats.size > MOST_AT_ONCE) return readOnce(path);
  accessSync(path, constants.R_OK);
  return sharer(path);
}

/** Size and checksum of a file, whose content is not kept; a large one is read and hashed while the event loop goes on. @throws as `readOnce` */
export async function measure(path: string): Promise<Measured> {
  if (statSync(path).size <= LARGE) return measureNow(path);
  return await ofLarge(path, async (file, known, size) => ({ size, sha256: known.sum ??= await (known.hashing ??= hashed(file, known, size)) }));
}

/** The same at once. @throws as `readOnce` */
export function measureNow(path: string): Measured {
  return ofFile(path, (file, known, size) => ({ size, sha256: known.sum ??= sha256(known.bytes?.deref() ?? readFileSync(file)) }));
}

/** What to say of a file of the controller that is not what it was. @param since when it changed, `while it was read` */
export function changed(path: string, since: string): RefusedError {
  return new RefusedError(`${path} changed on the controller ${since}`, 'run again once nobody writes to it');
}

/** What a task ends with that could not read its source. @param what `file` or `directory` */
export function unread(what: string, error: unknown): Error {
  return isRunnerError(error) ? error : new CheckError(`the ${what} to copy cannot be read: ${messageOf(error)}`);
}

/** Why a file could not be read, and what to do where that is known. */
export function whyUnread(error: unknown): string {
  return isRunnerError(error) && error.hint !== undefined ? `${messageOf(error)}; ${error.hint}` : messageOf(error);
}

/** Forgets all files, for tests. */
export function forgetFiles(): void {
  files.clear();
  forgetBytes();
}

/** Gives one content to all who call it. A task has it as long as the run lasts, so it holds no bytes itself. */
function sharer(path: string): () => Promise<Buffer> {
  let shared: WeakRef<Buffer> | undefined;
  let sum: string | undefined;
  let reading: Promise<Buffer> | undefined;
  const read = async (): Promise<Buffer> => {
    const bytes = await readLarge(path);
    const found = await sha256InPieces(bytes);
    sum ??= found;
    // Hosts before may have got the other content.
    if (found !== sum) throw changed(path, 'since it was looked at');
    shared = new WeakRef(bytes);
    return bytes;
  };
  return async () => {
    const bytes = shared?.deref() ?? await (reading ??= read().finally(() => { reading = undefined; }));
    keep(bytes);
    return bytes;
  };
}

async function readLarge(path: string): Promise<Buffer> {
  return await ofLarge(path, async (file, known, size) => known.bytes?.deref() ?? await (known.reading ??= readWhole(file, known, size)));
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

async function hashed(file: FileHandle, known: Known, size: number): Promise<string> {
  try {
    const bytes = known.bytes?.deref();
    if (bytes !== undefined) return await sha256InPieces(bytes);
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE);
    // No more than there was: one that is written as fast as it is read has no end.
    for (let left = size, read = 1; read > 0 && left > 0; left -= read) {
      read = await readInto(file, piece.subarray(0, left));
      hash.update(piece.subarray(0, read));
    }
    return hash.digest('hex');
  } finally {
    known.hashing = undefined;
  }
}

type Use<F, T> = (file: F, known: Known, size: number) => T;

function ofFile<T>(path: string, use: Use<number, T>): T {
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    const found = ofFileAsItIs(path, use);
    if (found !== undefined) return found.result;
  }
  throw changed(path, 'while it was read');
}

/** @returns `undefined` where the file changed meanwhile, so that the result is of no use */
function ofFileAsItIs<T>(path: string, use: Use<number, T>): { readonly result: T } | undefined {
  const file = openSync(path, 'r');
  try {
    const before = fstatSync(file, { bigint: true });
    const known = knownOf(path, before);
    const result = use(file, known, Number(before.size));
    if (hasChanged(before, fstatSync(file, { bigint: true }))) return undefined;
    // A file that may still be written must be read again by the next host.
    if (isSettled(before)) remember(path, known);
    return { result };
  } finally {
    closeSync(file);
  }
}

async function ofLarge<T>(path: string, use: Use<FileHandle, Promise<T>>): Promise<T> {
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    const found = await ofLargeAsItIs(path, use);
    if (found !== undefined) return found.result;
  }
  throw changed(path, 'while it was read');
}

/** @returns `undefined` where the file changed meanwhile, so that the result is of no use */
async function ofLargeAsItIs<T>(path: string, use: Use<FileHandle, Promise<T>>): Promise<{ readonly result: T } | undefined> {
  const file = await open(path, 'r');
  try {
    const before = await file.stat({ bigint: true });
    const known = knownOf(path, before);
    // At once: who asks while it is being read waits for the same bytes.
    if (isSettled(before)) remember(path, known);
    const result = await use(file, known, Number(before.size));
    if (!hasChanged(before, await file.stat({ bigint: true }))) return { result };
    if (files.get(path) === known) files.delete(path);
    return undefined;
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

/** Of pipes and devices the times tell nothing. */
function hasChanged(before: BigIntStats, after: BigIntStats): boolean {
  return before.isFile() && stampOf(after) !== stampOf(before);
}

/** Pipes and devices never are. */
function isSettled(stats: BigIntStats): boolean {
  return stats.isFile() && Date.now() - Number(stats.ctimeMs) > UNSETTLED_MS;
}
