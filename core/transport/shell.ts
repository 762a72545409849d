/**
 * The long-lived shell: one `sh` per host and user, fed over its channel. A command costs one round trip and one fork of the shell.
 *
 * dash and busybox read ahead on their standard input, so no command may share it: a command's input is /dev/null, or comes base64 in the frame.
 */
import { frame, newMark } from './frame';
import { runFramed } from './framed-run';
import type { Guard } from './guard';
import type { Order, Outcome } from './outcome';
import type { Session } from './session';
import type { Limits } from './limits';

/** Input beyond this many bytes does not travel in the frame. */
export const MAX_FRAME_INPUT = 64 * 1024;

/** One user's open shell; runs one command at a time. */
export class Shell {
  readonly #session: Session;
  readonly #guard: Guard;
  readonly #limits: Limits;
  #alive = true;
  /** A child of an earlier command wrote between two frames: it could write into the next one. */
  #polluted = false;

  /** @param session a fresh session, already known to the guard */
  constructor(session: Session, sh: string, guard: Guard, limits: Limits) {
    this.#session = session;
    this.#guard = guard;
    this.#limits = limits;
    session.start(`exec ${sh}`);
    this.#idle();
    void session.channel.closed.then(() => { this.#alive = false; });
  }

  /** Can the next command run in it? */
  get usable(): boolean {
    return this.#alive && !this.#polluted;
  }

  /** Runs one command. @throws ChannelGone when the shell ends before the command does. */
  async run(order: Order): Promise<Outcome> {
    const mark = newMark();
    const { stdin } = order;
    const input = stdin === undefined ? { after: ' </dev/null' } : { before: `printf %s '${stdin.toString('base64')}' | base64 -d | ` };
    const outcome = await runFramed({
      session: this.#session, guard: this.#guard, limits: this.#limits, order, mark,
      send: () => void this.#session.channel.input.write(`${frame(order.text, mark, input)}\n`),
    }).catch((error: unknown) => {
      this.#alive = false;
      throw error;
    });
    if (outcome.killed !== undefined || outcome.signal !== undefined) this.#alive = false;
    this.#idle();
    return outcome;
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
}
