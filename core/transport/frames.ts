/** Framed commands in one session, one after another: waits for the marks of each on both streams, kills when told to. */
import { Collector, FrameReader, parseEnd } from './frame';
import type { Guard } from './guard';
import { settled, type Limits } from './limits';
import { watch, type KillReason, type Order, type Outcome } from './outcome';
import type { Session } from './session';
import type { Channel } from './wire';

/** The channel closed before the command's end was told. */
export class ChannelGone extends Error {}

/** Sees the output as it comes; what `stdout` returns `true` for is not collected. */
export interface Tap {
  stdout(bytes: Buffer): boolean;
  stderr(bytes: Buffer): void;
}

/** One framed command and what it is sent with. */
export interface Framed {
  readonly order: Order;
  readonly mark: string;
  /** Sends the frame, once everything listens. */
  readonly send: () => void;
  readonly tap?: Tap;
}

/** The session that the commands run in, and who ends them. */
export interface FramesOptions {
  readonly session: Session;
  readonly guard: Guard;
  readonly limits: Limits;
  /** Told of output that belongs to no command. */
  readonly stray: () => void;
}

/** Several may be under way: the session works them off in the order in which they were sent. */
export class Frames {
  readonly #options: FramesOptions;
  readonly #waiting: Running[] = [];
  #over = false;

  constructor(options: FramesOptions) {
    this.#options = options;
    const { channel } = options.session;
    channel.listen({ stdout: chunk => this.#feed('stdout', chunk), stderr: chunk => this.#feed('stderr', chunk) });
    void shellEnded(channel, options.limits).then(() => this.#end());
  }

  /** Is nothing under way? */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends one. A killed command is waited for until its channel closes. @throws ChannelGone also when one that was sent before it took the session along */
  run(framed: Framed): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(new ChannelGone());
        return;
      }
      const running = new Running(framed, this.#options.limits, { resolve, reject, kill: reason => this.#kill(running, reason) });
      this.#waiting.push(running);
      if (this.#waiting.length === 1) running.begin();
      framed.send();
    });
  }

  #feed(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    let rest = chunk;
    for (const running of this.#waiting) {
      if (rest.length === 0) break;
      rest = running.read(stream, rest);
    }
    while (this.#waiting[0]?.isComplete === true) {
      this.#waiting.shift()?.settle();
      this.#waiting.at(0)?.begin();
    }
    if (rest.length > 0) this.#options.stray();
  }

  /** Only the one at work can be killed, and the session with it. */
  #kill(running: Running, reason: KillReason): void {
    if (running.killed !== undefined) return;
    running.killed = reason;
    const { session: { channel, pgid }, guard, limits } = this.#options;
    guard.kill(pgid);
    void settled(channel.closed, limits.closeMs).then(() => {
      channel.destroy();
      this.#end();
    });
  }

  /** Without a mark there is no shell any more, and what it left must not go on unseen. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    const { session: { channel, pgid }, guard } = this.#options;
    const [first, ...others] = this.#waiting.splice(0);
    if (first === undefined) return;
    guard.kill(pgid);
    channel.destroy();
    void channel.exit.then(({ signal }) => first.settle(signal ?? 'none'));
    for (const running of others) running.settle('none');
  }
}

interface Ends {
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
  kill(reason: KillReason): void;
}

/** A command that was sent. */
class Running {
  killed: KillReason | undefined;
  readonly #sent = performance.now();
  readonly #framed: Framed;
  readonly #ends: Ends;
  readonly #collected: { readonly stdout: Collector; readonly stderr: Collector };
  readonly #readers: { readonly stdout: FrameReader; readonly stderr: FrameReader };
  #unwatch: () => void = () => undefined;

  constructor(framed: Framed, limits: Limits, ends: Ends) {
    const flooded = (): void => ends.kill('flooded');
    const collected = { stdout: new Collector(limits.maxOutput, flooded), stderr: new Collector(limits.maxOutput, flooded) };
    this.#framed = framed;
    this.#ends = ends;
    this.#collected = collected;
    this.#readers = {
      stdout: new FrameReader(framed.mark, bytes => {
        if (framed.tap?.stdout(bytes) !== true) collected.stdout.push(bytes);
      }),
      stderr: new FrameReader(framed.mark, bytes => {
        framed.tap?.stderr(bytes);
        collected.stderr.push(bytes);
      }),
    };
  }

  get isComplete(): boolean {
    return this.#readers.stdout.end !== undefined && this.#readers.stderr.end !== undefined;
  }

  /** Its turn has come: its time begins to count. */
  begin(): void {
    this.#unwatch = watch(this.#framed.order, reason => this.#ends.kill(reason));
  }

  /** Takes its part of a stream. @returns what belongs to the commands behind it */
  read(stream: 'stdout' | 'stderr', bytes: Buffer): Buffer {
    return this.#readers[stream].push(bytes);
  }

  /** Tells how it ended. @param signal what ended the shell before its mark came; `none` where nobody knows */
  settle(signal?: string): void {
    this.#unwatch();
    const { stdout, stderr } = this.#readers;
    stdout.close();
    stderr.close();
    const result = { stdout: this.#collected.stdout.bytes(), stderr: this.#collected.stderr.bytes(), ms: Math.round(performance.now() - this.#sent) };
    if (this.killed !== undefined) this.#ends.resolve({ ...result, code: -1, killed: this.killed });
    else if (this.isComplete) this.#ends.resolve({ ...result, ...parseEnd(stdout.end ?? '') });
    else if (signal === undefined || signal === 'none') this.#ends.reject(new ChannelGone());
    else this.#ends.resolve({ ...result, code: -1, signal });
  }
}

/** The channel closed; or the shell itself was killed on the host, and what it started may hold the channel open for long. */
async function shellEnded(channel: Channel, limits: Limits): Promise<void> {
  const killed = channel.exit.then(async ({ signal }) => { await (signal === undefined ? channel.closed : settled(channel.closed, limits.closeMs)); });
  await Promise.race([channel.closed, killed]);
}
