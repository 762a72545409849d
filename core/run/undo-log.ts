/** `undo.jsonl` of a run: what a rollback needs, on the disk before a change is begun. */
import { closeSync, fdatasync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../errors';
import { redactData } from '../secret';
import type { UndoLine } from './undo-record';

/** The file's name in the folder of a run. */
export const UNDO_FILE = 'undo.jsonl';

/** Its name when a line could not be written. */
export const UNDO_INCOMPLETE = 'undo.incomplete.jsonl';

const sync = promisify(fdatasync);

/** Takes lines and writes them. */
export interface UndoLog {
  /** The number of the next change, from 1. */
  next(): number;
  /** Resolves when the line is on the disk. Never throws: what could not be written is told once by `problem`. */
  append(line: UndoLine): Promise<void>;
  /** Closes it after the lines that it has taken. */
  close(): void;
}

/**
 * Opens it; the file is made with the first line. Lines that come at the same time, or while others are being synced, are synced together; the event loop goes on
 * meanwhile. Where one cannot be written the run goes on, but its file is put aside as `undo.incomplete.jsonl`: going back by half of a record would be worse than not at all.
 * @param folder of the run
 * @param problem told once why the record is not complete
 */
export function openUndoLog(folder: string, problem: (text: string) => void): UndoLog {
  const path = join(folder, UNDO_FILE);
  let seq = 0;
  let file: number | undefined;
  let isBroken = false;
  let waiting: string[] = [];
  /** Takes all lines that wait when its turn comes. */
  let flushing: Promise<void> | undefined;
  let last = Promise.resolve();
  const flush = async (): Promise<void> => {
    const text = waiting.join('');
    waiting = [];
    flushing = undefined;
    if (isBroken) return;
    try {
      file ??= openSync(path, 'a', 0o600);
      writeAll(file, Buffer.from(text));
      await sync(file);
    } catch (error) {
      isBroken = true;
      putAside(folder);
      problem(`${path} cannot be written, so this run cannot be rolled back: ${messageOf(error)}`);
    }
  };
  return {
    next: () => (seq += 1),
    append: line => {
      waiting.push(`${JSON.stringify(redactData(line))}\n`);
      // One sync at a time: whoever comes during one goes with the next, which takes them all.
      last = flushing ??= last.then(flush);
      return flushing;
    },
    close: () => {
      void last.then(() => {
        if (file !== undefined) closeSync(file);
        file = undefined;
        isBroken = true;
      });
    },
  };
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

function putAside(folder: string): void {
  try {
    // Needs no room on a full disk; a file that was not even made is made empty.
    closeSync(openSync(join(folder, UNDO_FILE), 'a', 0o600));
    renameSync(join(folder, UNDO_FILE), join(folder, UNDO_INCOMPLETE));
  } catch {
    // The journal of this run is not complete either, and says so.
  }
}
