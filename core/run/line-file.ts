/** A file of JSON lines that is valid after any end: a line is written at once, whole or not at all. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { messageOf } from '../errors';

/** Appends lines; for the user alone. Opened with the first line, so that what never happens leaves no file. Nothing here throws. */
export class LineFile {
  #file: number | undefined;
  #problem: string | undefined;
  #closed = false;

  constructor(readonly path: string) {}

  /** Why it is not complete, when it could not be written; nothing is written after that. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Appends a value as one line. After `close` or a problem it does nothing. */
  append(value: unknown): void {
    if (this.#closed || this.#problem !== undefined) return;
    try {
      this.#file ??= openSync(this.path, 'a', 0o600);
    } catch (error) {
      this.#problem = messageOf(error);
      return;
    }
    this.#problem = appendLine(this.#file, `${JSON.stringify(value)}\n`);
  }

  close(): void {
    if (this.#file !== undefined && !this.#closed) closeSync(this.#file);
    this.#closed = true;
  }
}

/** Appends the whole line or nothing. @returns why it could not */
function appendLine(file: number, line: string): string | undefined {
  const bytes = Buffer.from(line);
  let size: number | undefined;
  try {
    ({ size } = fstatSync(file));
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    return undefined;
  } catch (error) {
    takeBack(file, size);
    return messageOf(error);
  }
}

function takeBack(file: number, size: number | undefined): void {
  try {
    if (size !== undefined) ftruncateSync(file, size);
  } catch {
    // Not even that: readers skip a last line that is cut off.
  }
}
