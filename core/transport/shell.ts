/**
 * The long-lived shell: one `sh` per host and user, fed over its channel. A command costs one round trip and one fork of the shell; those that are sent
 * together cost one round trip in all.
 *
 * dash and busybox read ahead on their standard input, so no command may share it, see `shellFrame`.
 */
import { inPlace, newMark, shellFrame } from './frame';
import { Frames, type Framed } from './frames';
import type { Guard } from './guard';
import type { Order, Outcome } from './outcome';
import type { Session } from './session';
import type { Limits } from './limits';

/** What a shell is made of. */
export interface ShellOptions {
  /** The command that starts a POSIX shell. */
  readonly sh: string;
  readonly guard: Guard;
  readonly limits: Limits;
}

/** One user's open shell; works its commands off one after another. */
export class Shell {
  readonly #session: Session;
  readonly #sh: string;
  readonly #guard: Guard;
  readonly #frames: Frames;
  #last: Promise<unknown> = Promise.resolve();
  #alive = true;
  /** A child of an earlier command wrote between two frames: it could write into the next one. */
  #polluted = false;

  /** @param session a fresh session, already known to the guard */
  constructor(session: Session, { sh, guard, limits }: ShellOptions) {
    this.#session = session;
    this.#sh = sh;
    this.#guard = guard;
    this.#frames = new Frames({ session, guard, limits, stray: () => { this.#polluted = true; } });
    void session.channel.closed.then(() => { this.#alive = false; });
  }

  /** Starts it, once. @param opening what it does first, see `inPlace` @returns how that ended */
  start(opening: Order): Promise<Outcome> {
    const mark = newMark();
    return this.#sent({ order: opening, mark, send: () => this.#session.start(`${inPlace({ order: opening, mark })}; exec ${this.#sh}`) });
  }

  /** Can the next command run in it? */
  get usable(): boolean {
    return this.#alive && !this.#polluted;
  }

  /** Resolves when all that was sent so far has ended; never rejects. */
  get idle(): Promise<unknown> {
    return this.#last;
  }

  /** Sends one command. @throws ChannelGone when the shell ends before the command does. */
  run(order: Order): Promise<Outcome> {
    const mark = newMark();
    return this.#sent({ order, mark, send: () => void this.#session.channel.input.write(shellFrame({ order, mark })) });
  }

  /** Ends the shell, unless a command is at work in it. */
  dismiss(): void {
    if (this.#frames.idle && this.usable) this.#guard.dismiss(this.#session.pgid);
    this.#alive = false;
  }

  /** Lets the shell end by itself; a child that an earlier command left in it stays alive. */
  retire(): void {
    this.#alive = false;
    this.#guard.remove(this.#session.pgid);
    this.#session.channel.input.end();
  }

  #sent(framed: Framed): Promise<Outcome> {
    const outcome = this.#frames.run(framed);
    // In the order in which they were sent, so the last one to be sent is the last one to end.
    this.#last = outcome.then(({ killed, signal }) => {
      if (killed !== undefined || signal !== undefined) this.#alive = false;
    }, () => { this.#alive = false; });
    return outcome;
  }
}
