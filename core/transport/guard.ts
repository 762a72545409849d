/**
 * The guard: a shell of the same user, on a channel of its own, that knows the process groups of what runs and kills them when its input ends or the
 * controller falls silent. So a cancel, a timeout, a cut link and a dead or frozen controller leave no command running. It also holds the host's lock: nobody
 * else is let in before what it guards is dead, and the work's children never see the descriptor.
 */
import { guardScript } from './guard-script';
import type { Session } from './session';
import { settled, type Limits } from './limits';

/** What a guard is made of. */
export interface GuardOptions {
  /** Opens a session of the user whose commands are guarded, with this script. */
  readonly open: (script: string) => Promise<Session>;
  readonly limits: Limits;
  /** See GuardScript. */
  readonly lockDirectory?: string;
}

/** A question and who waits for its one line of answer. */
interface Asked {
  readonly line: string;
  answer(line: string | undefined): void;
}

/** Watches over the process groups of one user on one host; a guard that was killed there is replaced. */
export class Guard {
  /** Called when a guard has ended without being told to; another one for what it guarded is on its way. */
  onLoss: () => void = () => undefined;
  readonly #options: GuardOptions;
  readonly #groups = new Set<number>();
  readonly #doomed = new Set<number>();
  #session: Promise<Session> | undefined;
  #input: Session['channel']['input'] | undefined;
  /** In the order of the answers. */
  readonly #asked: Asked[] = [];
  #complaint = '';
  #closed = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** What the last one said on standard error. */
  get complaint(): string {
    return this.#complaint.trim().split('\n').slice(-2).join(' ');
  }

  /** Resolves when the guard stands. @throws ConnectionError */
  async ready(): Promise<void> {
    this.#session ??= this.#open();
    await this.#session;
  }

  /** From now on the group dies with the link. */
  add(pgid: number): void {
    this.#groups.add(pgid);
    this.#tell(`+${pgid}`);
    // It may have ended while it had nothing to guard, and was not replaced.
    this.#replace();
  }

  /** The group's command has ended; children that it left are left alone. */
  remove(pgid: number): void {
    this.#groups.delete(pgid);
    this.#doomed.delete(pgid);
    this.#tell(`-${pgid}`);
  }

  /** Kills the group, and what left the group but not its session (as timeout(1) does), with SIGKILL. */
  kill(pgid: number): void {
    this.#doomed.add(pgid);
    this.#tell(`=${pgid}`);
  }

  /**
   * Asks about the lock; each question gets its own answer, also where nobody waits for the one before any more. A guard that is not there yet is started with the question.
   * @returns its one line of answer; `undefined` when the guard has ended @throws ConnectionError
   */
  async ask(line: string): Promise<string | undefined> {
    const answer = new Promise<string | undefined>(resolve => { this.#asked.push({ line, answer: resolve }); });
    const isComing = this.#session !== undefined;
    await this.ready().catch((error: unknown) => {
      this.#asked.length = 0;
      throw error;
    });
    if (isComing) this.#tell(line);
    return answer;
  }

  /** Ends a shell in which nothing is at work. To search the host for what left its group, as `kill` does, takes long where many processes are. */
  dismiss(pgid: number): void {
    this.#groups.delete(pgid);
    this.#doomed.delete(pgid);
    this.#tell(`~${pgid}`);
  }

  /** Kills all groups and ends the guard; waits a moment for the host to say that it is done. Never throws. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#session === undefined) return;
    await settled(this.#session, this.#options.limits.closeMs);
    if (this.#input === undefined) return;
    const { channel } = await this.#session;
    channel.input.end();
    await settled(channel.closed, this.#options.limits.closeMs);
    channel.destroy();
  }

  async #open(): Promise<Session> {
    const { open, limits: { silenceMs, beatMs }, lockDirectory } = this.#options;
    // Whoever asks starts it, so this is the question that it is started with.
    const first = this.#asked[0]?.line;
    const script = guardScript({ silenceMs, ...(lockDirectory === undefined ? {} : { lockDirectory }), ...(first === undefined ? {} : { first }) });
    const session = await open(script).catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    this.#listen(session);
    this.#input = session.channel.input;
    for (const pgid of this.#groups) this.#tell(`+${pgid}`);
    for (const pgid of this.#doomed) this.#tell(`=${pgid}`);
    const beat = setInterval(() => this.#tell('.'), beatMs);
    beat.unref();
    void session.channel.exit.then(() => {
      clearInterval(beat);
      this.#ended(session);
    });
    return session;
  }

  #listen({ channel }: Session): void {
    let rest = '';
    this.#complaint = '';
    channel.listen({
      stdout: chunk => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#answer(line);
      },
      stderr: chunk => { this.#complaint = (this.#complaint + chunk.toString()).slice(-2000); },
    });
  }

  #answer(line: string): void {
    this.#asked.shift()?.answer(line);
  }

  #ended({ channel }: Session): void {
    this.#input = undefined;
    this.#session = undefined;
    const { closeMs } = this.#options.limits;
    // The next guard is not to take a lock for whoever was told that there is none.
    const asked = this.#asked.splice(0);
    // What it said last may come behind its end; and where it was killed, its children hold the channel open.
    if (asked.length > 0) void settled(channel.closed, closeMs).then(() => { for (const each of asked) each.answer(undefined); });
    if (this.#closed) return;
    // It is under way before the link is given up, and may still come then.
    this.#replace();
    this.onLoss();
  }

  #replace(): void {
    if (!this.#closed && this.#groups.size > 0) this.ready().catch(() => undefined);
  }

  #tell(line: string): void {
    if (this.#input?.writable === true) this.#input.write(`${line}\n`);
  }
}
