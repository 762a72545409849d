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
import { requireTools, type Abilities } from './tools';
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
  /** Directory of the lock file; default /run/lock, where that is missing /var/lock. */
  readonly lockDirectory?: string;
}

/** Opens and keeps the sessions of one user. */
export class Sessions {
  readonly #options: SessionsOptions;
  /** Watches over what runs here; it can hold the host's lock. */
  readonly guard: Guard;
  #shell: Shell | undefined;
  #opening: Promise<Shell> | undefined;
  /** What the host lacks shows here. */
  #tools: Promise<Abilities> | undefined;
  /** The last command that may change something: the next one waits for its end, a look only until it was sent. */
  #last: { readonly sent: Promise<unknown>; readonly ended: Promise<unknown> } = { sent: Promise.resolve(), ended: Promise.resolve() };
  #working = 0;
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { limits, lockDirectory } = options;
    this.guard = new Guard({ open: script => this.#standing(script), limits, ...(lockDirectory === undefined ? {} : { lockDirectory }) });
  }

  /** Is any command under way? */
  get busy(): boolean {
    return this.#working > 0;
  }

  /** Have they been closed by us? */
  get closed(): boolean {
    return this.#closed;
  }

  /** Opens guard and shell, so that what is wrong (sudo, missing tools) shows at once. @throws ConnectionError */
  async open(): Promise<void> {
    await this.#openShell();
  }

  /** Runs a command in the shell, alone, after those that came before. @throws ChannelGone */
  async inShell(order: Order): Promise<Outcome> {
    const ready = this.#last.ended.then(async () => {
      const shell = await this.#openShell();
      const tools = await this.#tools;
      const { inputAsVariable = false, ...others } = order;
      // A look before it that hangs takes the shell along when it is killed.
      await shell.idle;
      const inputIs = { ...others, inputAsVariable: inputAsVariable && tools?.printsItself === true };
      return { shell: shell.usable ? shell : await this.#openShell(), order: inputIs };
    });
    const outcome = this.#counted(ready.then(given => given.shell.run(given.order)));
    this.#last = { sent: ready.catch(() => undefined), ended: outcome.catch(() => undefined) };
    return outcome;
  }

  /**
   * Runs a command that only reads, behind those that came before but without waiting for their answers, so that many cost one round trip.
   * @throws ChannelGone also when one before it took the shell along: it may be asked again
   */
  async look(order: Order): Promise<Outcome> {
    await this.#last.sent;
    const outcome = this.#counted((await this.#openShell()).run(order));
    // Nobody may hear of an outcome before the tools are known to be there.
    const [result] = await Promise.all([outcome, this.#tools]);
    return result;
  }

  /** Runs a command on a channel of its own. @throws ChannelGone */
  async onOwnChannel(order: OwnOrder): Promise<Outcome> {
    await this.#tools;
    const leave = await this.#options.slots.take();
    try {
      const session = await this.#guarded(() => this.#session());
      return await this.#counted(runOwn(session, this.guard, order, this.#options.limits));
    } finally {
      leave();
    }
  }

  /** A session that stands beside the work: the shell, the guard. @param script see SessionPlan */
  async #standing(script?: string): Promise<Session> {
    const leave = this.#options.slots.stand();
    try {
      const session = await this.#session(script);
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
    this.#shell?.dismiss();
    await this.guard.close();
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#working += 1;
    try {
      return await work;
    } finally {
      this.#working -= 1;
    }
  }

  #openShell(): Promise<Shell> {
    if (this.#shell?.usable === true) return Promise.resolve(this.#shell);
    this.#opening ??= this.#newShell().finally(() => { this.#opening = undefined; });
    return this.#opening;
  }

  async #newShell(): Promise<Shell> {
    const { host, sh, limits } = this.#options;
    const old = this.#shell;
    void old?.idle.then(() => old.retire());
    this.#shell = undefined;
    const session = await this.#guarded(() => this.#standing());
    this.guard.add(session.pgid);
    void session.channel.closed.then(() => this.guard.remove(session.pgid));
    const shell = new Shell(session, { sh, guard: this.guard, limits });
    this.#shell = shell;
    const asked = requireTools(host, shell);
    // Of a later shell nobody wants to know.
    asked.catch(() => undefined);
    this.#tools ??= asked.catch((error: unknown) => {
      // The next one asks again.
      this.#tools = undefined;
      if (this.#shell === shell) this.#shell = undefined;
      shell.retire();
      throw error;
    });
    // Whoever waits for it is told.
    this.#tools.catch(() => undefined);
    return shell;
  }

  async #session(script?: string): Promise<Session> {
    const { host, wire, sh, become, limits } = this.#options;
    if (this.#closed) throw new InterruptedError();
    return openSession({ host, wire, sh, timeoutMs: limits.helloMs, ...(become === undefined ? {} : { become }), ...(script === undefined ? {} : { script }) })
      // Closed by us meanwhile, it could not come.
      .catch((error: unknown) => { throw this.#closed ? new InterruptedError() : error; });
  }

  /** Opens a session beside the guard; behind sudo after it, so that a wrong password is tried once. */
  async #guarded(open: () => Promise<Session>): Promise<Session> {
    if (this.#options.become !== undefined) await this.guard.ready();
    const [session, guard] = await Promise.allSettled([open(), this.guard.ready()]);
    if (session.status === 'rejected') throw session.reason;
    // Closed meanwhile, there is no guard any more that a command could be told to.
    const { failure } = this.#options.wire;
    if (guard.status === 'fulfilled' && !this.#closed && failure === undefined) return session.value;
    session.value.channel.destroy();
    if (this.#closed) throw new InterruptedError();
    throw failure ?? (guard.status === 'rejected' ? guard.reason : new InterruptedError());
  }
}
