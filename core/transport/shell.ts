/**
 * The long-lived shell: one `sh` per host and user, fed over its channel. A command costs one round trip and one fork of the shell.
 *
 * A command runs in a subshell (`exit` and syntax errors end only that), its input is /dev/null or comes base64 in the frame, since dash and
 * busybox read ahead on the input that a child would share. Behind it the shell writes a mark, new for every command, on both streams: 96
 * random bits which the command never sees, so that output of any bytes and length comes back as it is.
 */
import { randomBytes } from 'node:crypto';
import { quote } from './command';
import type { Guard } from './guard';
import { watch, type KillReason, type Order, type Outcome } from './outcome';
import type { Session } from './session';
import { settled, type Timings } from './timings';

/** The shell went away while a command ran in it; whoever catches this knows whether the link did, too. */
export class ShellGone extends Error {}

/** Input beyond this many bytes does not travel in the frame. */
export const MAX_FRAME_INPUT = 64 * 1024;

/** One user's open shell; runs one command at a time. */
export class Shell {
  readonly #session: Session;
  readonly #guard: Guard;
  readonly #timings: Timings;
  #alive = true;
  /** A child of an earlier command wrote between two frames: it could write into the next one. */
  #polluted = false;

  /** @param session a fresh session, already known to the guard */
  constructor(session: Session, sh: string, guard: Guard, timings: Timings) {
    this.#session = session;
    this.#guard = guard;
    this.#timings = timings;
    session.start(`exec ${sh}`);
    this.#idle();
    void session.channel.closed.then(() => { this.#alive = false; });
  }

  /** Can the next command run in it? */
  get usable(): boolean {
    return this.#alive && !this.#polluted;
  }

  /** Runs one command. @throws ShellGone when the shell ends before the command does. */
  async run(order: Order): Promise<Outcome> {
    const started = performance.now();
    const mark = `runsheet-${randomBytes(12).toString('hex')}`;
    const stdout = new FrameReader(mark);
    const stderr = new FrameReader(mark);
    let reason: KillReason | undefined;
    const done = new Promise<void>(resolve => {
      const feed = (reader: FrameReader) => (chunk: Buffer): void => {
        reader.push(chunk);
        if (stdout.end !== undefined && stderr.end !== undefined) resolve();
      };
      this.#session.channel.listen({ stdout: feed(stdout), stderr: feed(stderr) });
    });
    const unwatch = watch(order, why => {
      reason ??= why;
      this.#kill();
    });
    this.#session.channel.input.write(frame(order, mark));
    await Promise.race([done, this.#session.channel.closed]);
    unwatch();
    const ms = Math.round(performance.now() - started);
    const output = { stdout: stdout.body(), stderr: stderr.body(), ms };
    if (stdout.end !== undefined && stderr.end !== undefined) {
      this.#idle();
      return { ...output, code: Number(stdout.end) };
    }
    if (reason === undefined) throw new ShellGone();
    return { ...output, code: -1, [reason]: true };
  }

  /** Lets the shell end by itself; a child that an earlier command left in it stays alive. */
  retire(): void {
    this.#alive = false;
    this.#guard.remove(this.#session.pgid);
    this.#session.channel.input.end();
  }

  #idle(): void {
    const stray = (): void => { this.#polluted = true; };
    this.#session.channel.listen({ stdout: stray, stderr: stray });
  }

  #kill(): void {
    this.#alive = false;
    this.#guard.kill(this.#session.pgid);
    void settled(this.#session.channel.closed, this.#timings.closeMs).then(closed => {
      if (!closed) this.#session.channel.destroy();
    });
  }
}

function frame({ text, stdin }: Order, mark: string): string {
  const body = `( eval ${quote(text)} )`;
  const fed = stdin === undefined ? `${body} </dev/null` : `printf %s ${quote(stdin.toString('base64'))} | base64 -d | ${body}`;
  return `${fed}; printf '%s %s\\n' ${mark} "$?"; printf '%s \\n' ${mark} >&2\n`;
}

/** Collects one stream up to the mark and the rest of the mark's line. */
class FrameReader {
  /** What stands behind the mark, once its line is complete. */
  end: string | undefined;
  readonly #mark: string;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** The last bytes seen: a mark may be cut by a chunk's end. */
  #window: Buffer = Buffer.alloc(0);
  #bodySize: number | undefined;

  constructor(mark: string) {
    this.#mark = `${mark} `;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const window = Buffer.concat([this.#window, chunk]);
    const at = window.indexOf(this.#mark);
    if (at < 0) {
      this.#window = window.subarray(Math.max(0, window.length - this.#mark.length + 1));
      return;
    }
    this.#window = window.subarray(at);
    this.#bodySize ??= this.#size - this.#window.length;
    const newline = this.#window.indexOf('\n');
    if (newline >= 0) this.end = this.#window.subarray(this.#mark.length, newline).toString();
  }

  body(): Buffer {
    return Buffer.concat(this.#chunks).subarray(0, this.#bodySize ?? this.#size);
  }
}
