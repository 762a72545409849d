/** Archives as tar(1) unpacks them: GNU's format, which busybox reads as well. @see https://www.gnu.org/software/tar/manual/html_node/Standard.html */
import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { breather } from './breather';
import { changed, LARGE, measure, readInto } from './controller-files';

/** A file or a link in an archive; directories are made beforehand. */
export type ArchiveItem =
  | { readonly kind: 'file'; readonly name: string; /** On the controller. */ readonly from: string; readonly size: number; readonly sha256: string; readonly mode: number }
  | { readonly kind: 'link'; readonly name: string; readonly target: string };

const BLOCK = 512;

/** What an item takes in an archive, in bytes. */
export function sizeInArchive(item: ArchiveItem): number {
  return headersOf(item).length + (item.kind === 'file' ? blocks(item.size) : 0);
}

/** The archive; files are read straight into it, while the event loop goes on. @throws RefusedError when one of them is not any more what it was said to be */
export async function archiveOf(items: readonly ArchiveItem[]): Promise<Buffer> {
  const archive = Buffer.alloc(items.reduce((sum, item) => sum + sizeInArchive(item), 0) + 2 * BLOCK);
  const breathe = breather();
  let at = 0;
  for (const item of items) {
    const headers = headersOf(item);
    at += headers.copy(archive, at);
    if (item.kind === 'link') continue;
    await fill(archive.subarray(at, at + item.size), item);
    at += blocks(item.size);
    await breathe();
  }
  return archive;
}

async function fill(room: Buffer, { from, sha256 }: { readonly from: string; readonly sha256: string }): Promise<void> {
  if (room.length > LARGE) await fillLarge(room, from);
  else fillNow(room, from);
  // Asked for afterwards, it is another one wherever the file changed since it was looked at.
  if ((await measure(from)).sha256 !== sha256) throw changed(from, 'since it was looked at');
}

async function fillLarge(room: Buffer, from: string): Promise<void> {
  const file = await open(from, 'r');
  try {
    await readInto(file, room);
  } finally {
    await file.close();
  }
}

function fillNow(room: Buffer, from: string): void {
  const file = openSync(from, 'r');
  try {
    let at = 0;
    for (let read = 1; read > 0 && at < room.length; at += read) read = readSync(file, room, at, room.length - at, null);
  } finally {
    closeSync(file);
  }
}

function headersOf(item: ArchiveItem): Buffer {
  const name = Buffer.from(item.name);
  const target = Buffer.from(item.kind === 'link' ? item.target : '');
  const long = [longName('L', name), longName('K', target)];
  const own = item.kind === 'file' ? header({ name, target, type: '0', mode: item.mode, size: item.size }) : header({ name, target, type: '2', mode: 0o777, size: 0 });
  return Buffer.concat([...long, own]);
}

/** A name that does not fit in a header stands before it, as the content of an entry of its own. */
function longName(type: 'L' | 'K', name: Buffer): Buffer {
  if (name.length <= 100) return Buffer.alloc(0);
  const content = Buffer.alloc(blocks(name.length + 1));
  name.copy(content);
  return Buffer.concat([header({ name: Buffer.from('././@LongLink'), target: Buffer.alloc(0), type, mode: 0, size: name.length + 1 }), content]);
}

interface Header { readonly name: Buffer; readonly target: Buffer; readonly type: string; readonly mode: number; readonly size: number }

function header({ name, target, type, mode, size }: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  const number = (value: number, at: number, length: number): void => { block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1'); };
  name.copy(block, 0, 0, 100);
  number(mode, 100, 8);
  // Owner, group and time are not the controller's.
  number(0, 108, 8);
  number(0, 116, 8);
  number(size, 124, 12);
  number(0, 136, 12);
  block.write(type, 156, 'latin1');
  target.copy(block, 157, 0, 100);
  block.write('ustar  \0', 257, 'latin1');
  // The checksum counts its own field as blanks.
  block.fill(' ', 148, 156);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function blocks(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
