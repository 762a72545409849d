/** One host's link: a wire, and on it the connections of the users that are needed. */
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import type { HostLink, HostLock, LockClaim, OpenConnection } from './connection';
import { takeLock } from './lock';
import { Sessions } from './sessions';
import type { Slots } from './slots';
import type { Limits } from './limits';
import { UserConnection } from './user-connection';
import type { Watch } from './watch';
import type { Wire } from './wire';

/** What a link is made of. */
export interface LinkOptions {
  readonly host: Host;
  readonly wire: Wire;
  readonly sh: string;
  readonly slots: Slots;
  readonly limits: Limits;
  readonly runId: string;
  readonly lockDirectory?: string;
  readonly watch?: Watch;
  readonly becomePassword: () => Promise<Secret | undefined>;
}

/** Implements HostLink over a wire. */
export class Link implements HostLink {
  readonly host: Host;
  readonly #options: LinkOptions;
  readonly #connections = new Map<string, UserConnection>();
  readonly #opening = new Map<string, Promise<OpenConnection>>();
  /** Whose guards hold the lock. */
  readonly #holders = new Set<Sessions>();

  constructor(options: LinkOptions) {
    this.host = options.host;
    this.#options = options;
  }

  async as(becomeUser: string | undefined): Promise<OpenConnection> {
    if (this.#options.wire.failure !== undefined) throw this.#options.wire.failure;
    const user = becomeUser ?? this.#options.wire.user;
    const open = this.#opening.get(user);
    if (open !== undefined) return await open;
    const opening = this.#open(user);
    this.#opening.set(user, opening);
    // A wrong password now need not be one later: a failure is not kept.
    opening.catch(() => this.#opening.delete(user));
    return await opening;
  }

  async lock(claim: LockClaim, becomeUser: string | undefined): Promise<HostLock> {
    const { sessions } = this.#connection(becomeUser ?? this.#options.wire.user);
    const { host, wire, limits } = this.#options;
    const lock = await takeLock({ host, wire, limits, claim, guard: sessions.guard });
    this.#holders.add(sessions);
    return lock;
  }

  /** Is any command under way? */
  get busy(): boolean {
    return this.#sessions.some(each => each.busy);
  }

  async close(): Promise<void> {
    const sessions = this.#sessions;
    // Another run may be let in once nothing of this one is at work.
    if (this.busy) await Promise.all(sessions.filter(each => !this.#holders.has(each)).map(each => each.close()));
    await Promise.all(sessions.map(each => each.close()));
    await this.#options.wire.close();
  }

  get #sessions(): readonly Sessions[] {
    return [...this.#connections.values()].map(connection => connection.sessions);
  }

  async #open(user: string): Promise<OpenConnection> {
    const connection = this.#connection(user);
    await connection.sessions.open();
    return connection;
  }

  #connection(user: string): UserConnection {
    const known = this.#connections.get(user);
    if (known !== undefined) return known;
    const { host, wire, sh, slots, limits, runId, lockDirectory, becomePassword, watch } = this.#options;
    const become = user === wire.user ? {} : { become: { user, password: becomePassword } };
    const sessions = new Sessions({ host, wire, sh, slots, limits, ...become, ...(lockDirectory === undefined ? {} : { lockDirectory }) });
    const connection = new UserConnection({ host, user, wire, sessions, runId, ...(watch === undefined ? {} : { watch }) });
    this.#connections.set(user, connection);
    return connection;
  }
}
