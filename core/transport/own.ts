/**
 * A command on an exec channel and in a process group of its own: what is long, reads input, holds a secret or may leave children behind.
 *
 * It starts only after the guard has been told of its group, and is over when it has ended, also when a child that it left holds its output open
 * (`nohup server &`); such a child stays alive.
 */
import { StringDecoder } from 'node:string_decoder';
import { frame, newMark } from './frame';
import { Frames } from './frames';
import type { Guard } from './guard';
import type { Order, Outcome } from './outcome';
import type { Session } from './session';
import type { Limits } from './limits';

/** Own channels may be watched, line by line or byte by byte. */
export interface OwnOrder extends Order {
  readonly onLine?: (line: string) => void;
  /** Takes standard output instead of collecting it; no more is read until the promise that it may answer with is fulfilled. */
  readonly onBytes?: (bytes: Buffer) => Promise<void> | undefined;
}

/** Runs one command in a fresh session and closes that. @throws ChannelGone when the channel breaks before the command ended. */
export async function runOwn(session: Session, guard: Guard, order: OwnOrder, limits: Limits): Promise<Outcome> {
  const { channel, pgid } = session;
  const mark = newMark();
  const out = new Lines(order.onLine);
  const err = new Lines(order.onLine);
  try {
    // What comes behind the mark is a child's, which outlives the command.
    return await new Frames({ session, guard, limits, stray: () => undefined }).run({
      order, mark,
      send: () => {
        guard.add(pgid);
        session.start(frame({ order, mark }, order.stdin === undefined ? { after: ' </dev/null' } : {}));
        if (order.stdin !== undefined) channel.input.end(order.stdin);
      },
      tap: {
        stdout: bytes => {
          out.push(bytes);
          const ready = order.onBytes?.(bytes);
          if (ready !== undefined) {
            channel.pause();
            const resume = (): void => channel.resume();
            void ready.then(resume, resume);
          }
          return order.onBytes !== undefined;
        },
        stderr: bytes => err.push(bytes),
      },
    });
  } finally {
    out.flush();
    err.flush();
    guard.remove(pgid);
    channel.destroy();
  }
}

/** Cuts a stream of bytes into lines. */
class Lines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(private readonly onLine: ((line: string) => void) | undefined) {}

  push(bytes: Buffer): void {
    if (this.onLine === undefined) return;
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line);
  }

  flush(): void {
    const last = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (last !== '') this.onLine?.(last);
  }
}
