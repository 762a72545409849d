/** One user's sessions on one host: its guard, its shell, and channels of their own for what must not share the shell. */
import { InterruptedError } from '../errors';
import type { Host } from '../inventory/host';
import type { Become } from './become';
import { Guard } from './guard';
import type { Order, Outcome } from './outcome';
import { runOwn, type OwnOrder } from './own';
import { openSession, type Session } from './session';
import { Shell } from './shell';
import type { Slots } from './slots';
import type { Limits } from './limits';
import { requireTools } from './tools';
import type { Wire } from './wire';

/** One host and user, and what their sessions share. */
export interface SessionsOptions {
  readonly host: Host;
  readonly wire: Wire;
  /** The command that starts a POSIX shell. */
  readonly sh: string;
  readonly slots: Slots;
  readonly limits: Limits;
  readonly become?: Become;
}

/** Opens and keeps the sessions of one user. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #guard: Guard;
  #shell: Promise<Shell> | undefined;
  /** The shell runs one command after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #hasTools = false;
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#guard = new Guard({ open: () => this.standing(), sh: options.sh, limits: options.limits });
  }

  /** Have they been closed by us? */
  get closed(): boolean {
    return this.#closed;
  }

  /** Opens guard and shell, so that what is wrong (sudo, missing tools) shows at once. @throws ConnectionError */
  async open(): Promise<void> {
    await this.#openShell();
  }

  /** Runs a command in the shell, after those that came before. @throws ChannelGone */
  async inShell(order: Order): Promise<Outcome> {
    const turn = this.#turn.then(async () => (await this.#openShell()).run(order));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Runs a command on a channel of its own. @throws ChannelGone */
  async onOwnChannel(order: OwnOrder): Promise<Outcome> {
    const leave = await this.#options.slots.take();
    try {
      const session = await this.#guarded(() => this.#session());
      return await runOwn(session, this.#guard, order, this.#options.limits);
    } finally {
      leave();
    }
  }

  /** A session that stands beside the work: the shell, the guard, the lock. */
  async standing(): Promise<Session> {
    const leave = this.#options.slots.stand();
    try {
      const session = await this.#session();
      void session.channel.closed.then(leave);
      return session;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Kills everything that runs in these sessions and closes them; never throws. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#guard.close();
  }

  async #openShell(): Promise<Shell> {
    const open = await this.#shell?.catch(() => undefined);
    if (open?.usable === true) return open;
    open?.retire();
    this.#shell = this.#newShell();
    return this.#shell;
  }

  async #newShell(): Promise<Shell> {
    const { host, sh, limits } = this.#options;
    const session = await this.#guarded(() => this.standing());
    this.#guard.add(session.pgid);
    void session.channel.closed.then(() => this.#guard.remove(session.pgid));
    const shell = new Shell(session, sh, this.#guard, limits);
    if (!this.#hasTools) await requireTools(host, shell);
    this.#hasTools = true;
    return shell;
  }

  async #session(): Promise<Session> {
    const { host, wire, sh, become, limits } = this.#options;
    if (this.#closed) throw new InterruptedError();
    return openSession({ host, wire, sh, timeoutMs: limits.helloMs, ...(become === undefined ? {} : { become }) });
  }

  /** Opens a session beside the guard; behind sudo after it, so that a wrong password is tried once. */
  async #guarded(open: () => Promise<Session>): Promise<Session> {
    if (this.#options.become !== undefined) await this.#guard.ready();
    const [session, guard] = await Promise.allSettled([open(), this.#guard.ready()]);
    if (session.status === 'rejected') throw session.reason;
    if (guard.status === 'fulfilled') return session.value;
    session.value.channel.destroy();
    throw guard.reason;
  }
}
