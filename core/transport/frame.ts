/**
 * Frames: how a command's output and exit code come back apart, on streams that may carry anything.
 *
 * The command runs in a subshell, so that `exit` and syntax errors end only that; what does the shell no harm runs in the shell itself. Behind it the
 * shell writes a mark on both streams, 96 random bits, new for every command, which the command itself never sees. What stands before the mark is its output, of
 * whatever bytes and length; what a child that it left writes later stands behind it. So the end is known for sure: neither the end of the streams (a child may hold them) nor a waiting
 * time (the network may be slow) says as much.
 */
import { randomBytes } from 'node:crypto';
import { quote } from './command';
import type { Order } from './outcome';

/** A fresh mark. */
export function newMark(): string {
  return `runsheet-${randomBytes(12).toString('hex')}`;
}

/** A command and the mark of its end. */
export interface Framed {
  readonly order: Order;
  readonly mark: string;
}

/**
 * The shell text that runs a command and marks its end.
 * @param input how it gets its standard input: a redirection, a pipe into it, or nothing for the shell's own
 */
export function frame({ order, mark }: Framed, input: { readonly before?: string; readonly after?: string }): string {
  return `${begin(order.isTimed)}${input.before ?? ''}( ${inSubshell(order, mark, input.after ?? '')}`;
}

/**
 * The frame of a command in the open shell, which must not share the shell's own input: the command's is /dev/null, comes base64 through a pipe, or is a
 * variable of the subshell, of which nothing shows outside of it.
 */
export function shellFrame(framed: Framed): Buffer {
  const { order: { text, stdin, inputAsVariable = false, staysInside = false, isTimed }, mark } = framed;
  if (stdin === undefined && (staysInside || ALONE.test(text))) return Buffer.from(`${begin(isTimed)}{ eval ${quote(text)}; } </dev/null; ${end(mark, isTimed)}\n`);
  if (stdin === undefined) return Buffer.from(`${frame(framed, { after: ' </dev/null' })}\n`);
  // No variable can hold a NUL byte.
  if (!inputAsVariable || stdin.includes(0)) return Buffer.from(`${frame(framed, { before: `printf %s '${stdin.toString('base64')}' | base64 -d | ` })}\n`);
  // latin1 takes each byte for a character and back: the content need not be UTF-8.
  const quoted = Buffer.from(`'${stdin.toString('latin1').replaceAll("'", String.raw`'\''`)}'`, 'latin1');
  return Buffer.concat([Buffer.from(`${begin(isTimed)}( runsheet_input=`), quoted, Buffer.from(`; ${inSubshell(framed.order, mark, ' </dev/null')}\n`)]);
}

/** The shell text of a command that the shell itself carries out, so that it must neither end nor change it: no process is started for it. */
export function inPlace({ order, mark }: Framed): string {
  return `${order.text}; printf '%s 0\\n' ${mark}; printf '%s \\n' ${mark} >&2`;
}

function begin(isTimed = false): string {
  return isTimed ? `${clock('runsheet_from')}; ` : '';
}

function inSubshell({ text, isTimed }: Order, mark: string, after: string): string {
  return `eval ${quote(text)} )${after}; ${end(mark, isTimed)}`;
}

function end(mark: string, isTimed = false): string {
  const code = isTimed
    ? `runsheet_code=$?; ${clock('runsheet_to')}; printf '%s %s %s %s\\n' ${mark} "$runsheet_code" "$runsheet_from" "$runsheet_to"`
    : `printf '%s %s\\n' ${mark} "$?"`;
  return `${code}; printf '%s \\n' ${mark} >&2`;
}

/** A program that is all of a command does the shell no harm. Of what changes a shell none is here. */
const ALONE = /^(?:systemctl|cat|chmod|mkdir|rm|stat|sync)(?: (?:[\w./:=,@%+-]|'[^']*')+)+$/;

/** Puts the seconds since the host's boot into a variable, in hundredths, without starting a process. */
function clock(variable: string): string {
  return `{ read -r ${variable} runsheet_idle </proc/uptime; } 2>/dev/null`;
}

/** What stands behind a mark. @returns the exit code and, where it was measured, how long the command took on the host, in milliseconds */
export function parseEnd(end: string): { readonly code: number; readonly hostMs?: number } {
  const [code, from, to] = end.split(' ');
  const hostMs = Math.round((Number.parseFloat(to ?? '') - Number.parseFloat(from ?? '')) * 1000);
  return { code: Number(code), ...(Number.isNaN(hostMs) ? {} : { hostMs }) };
}

/** Reads one stream up to the mark and the rest of the mark's line. */
export class FrameReader {
  /** What stands behind the mark, once its line is complete. */
  end: string | undefined;
  readonly #mark: string;
  readonly #take: (bytes: Buffer) => void;
  /** Bytes that may be the beginning of the mark, or the mark and what has come of its line. */
  #held: Buffer = Buffer.alloc(0);
  #marked = false;

  /** @param take gets the output, piece by piece, without the mark */
  constructor(mark: string, take: (bytes: Buffer) => void) {
    this.#mark = `${mark} `;
    this.#take = take;
  }

  /** Takes bytes up to the end of the mark's line. @returns those behind it */
  push(chunk: Buffer): Buffer {
    if (this.end !== undefined) return chunk;
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (!this.#marked) {
      const at = bytes.indexOf(this.#mark);
      this.#marked = at >= 0;
      const sure = this.#marked ? at : Math.max(0, bytes.length - this.#mark.length + 1);
      if (sure > 0) this.#take(bytes.subarray(0, sure));
      bytes = bytes.subarray(sure);
    }
    this.#held = bytes;
    const newline = this.#marked ? bytes.indexOf('\n') : -1;
    if (newline < 0) return Buffer.alloc(0);
    this.end = bytes.subarray(this.#mark.length, newline).toString();
    return bytes.subarray(newline + 1);
  }

  /** No more will come: what was held back was output after all. */
  close(): void {
    if (!this.#marked && this.#held.length > 0) this.#take(this.#held);
    this.#held = Buffer.alloc(0);
  }
}

/** Collects the pieces of an output, up to a size. */
export class Collector {
  readonly #chunks: Buffer[] = [];
  #room: number;

  /**
   * @param max bytes that are kept
   * @param flooded called once when there are more
   */
  constructor(max: number, private readonly flooded: () => void) {
    this.#room = max;
  }

  push(bytes: Buffer): void {
    const had = this.#room;
    this.#room -= bytes.length;
    if (this.#room >= 0) this.#chunks.push(bytes);
    else if (had >= 0) this.flooded();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
