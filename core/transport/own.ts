/**
 * A command on an exec channel and in a process group of its own: what is long, reads input, holds a secret or may leave children behind.
 *
 * It starts only after the guard has been told of its group. It is over when it has exited and its output has ended, or a moment after its exit
 * when a child that it left holds the output open (`nohup server &`); such a child stays alive.
 */
import { StringDecoder } from 'node:string_decoder';
import type { Guard } from './guard';
import { watch, type KillReason, type Order, type Outcome } from './outcome';
import type { Session } from './session';
import { settled, type Timings } from './timings';
import type { Channel, Exit } from './wire';

/** Own channels may be watched, line by line or byte by byte. */
export interface OwnOrder extends Order {
  readonly onLine?: (line: string) => void;
  /** Takes standard output instead of collecting it; may answer with a promise to be waited for before more is read. */
  readonly onChunk?: (chunk: Buffer) => Promise<void> | undefined;
}

/** The channel closed without telling how the command ended. */
export class ChannelGone extends Error {}

/** Runs one command in a fresh session. @throws ChannelGone when the channel breaks before the command ended. */
export async function runOwn(session: Session, guard: Guard, order: OwnOrder, timings: Timings): Promise<Outcome> {
  const started = performance.now();
  const { channel, pgid } = session;
  let reason: KillReason | undefined;
  const output = collect(channel, order);
  guard.add(pgid);
  session.start(order.stdin === undefined ? `exec </dev/null\n${order.text}` : order.text);
  if (order.stdin !== undefined) channel.input.end(order.stdin);
  const killed = new Promise<void>(resolve => {
    const unwatch = watch(order, why => {
      reason ??= why;
      guard.kill(pgid);
      void settled(channel.closed, timings.closeMs).then(() => resolve());
    });
    void channel.exit.then(unwatch);
  });
  const exit = await Promise.race([channel.exit, killed.then((): Exit => ({}))]);
  await settled(channel.closed, timings.graceMs);
  guard.remove(pgid);
  channel.destroy();
  const result = { ...output(), ms: Math.round(performance.now() - started) };
  if (reason !== undefined) return { ...result, code: -1, [reason]: true };
  if (exit.signal !== undefined) return { ...result, code: -1, signal: exit.signal };
  if (exit.code === undefined) throw new ChannelGone();
  return { ...result, code: exit.code };
}

function collect(channel: Channel, order: OwnOrder): () => { stdout: Buffer; stderr: Buffer } {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const outLines = new Lines(order.onLine);
  const errLines = new Lines(order.onLine);
  channel.listen({
    stdout: chunk => {
      outLines.push(chunk);
      if (order.onChunk === undefined) stdout.push(chunk);
      else {
        const ready = order.onChunk(chunk);
        if (ready === undefined) return;
        channel.pause();
        void ready.then(() => channel.resume());
      }
    },
    stderr: chunk => {
      errLines.push(chunk);
      stderr.push(chunk);
    },
  });
  return () => {
    outLines.flush();
    errLines.flush();
    return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
  };
}

/** Cuts a stream of bytes into lines. */
class Lines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(private readonly onLine: ((line: string) => void) | undefined) {}

  push(chunk: Buffer): void {
    if (this.onLine === undefined) return;
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line);
  }

  flush(): void {
    const last = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (last !== '') this.onLine?.(last);
  }
}
