/** What a module gets: a connection within one task on one host, with the task's time limit and signal. */
import type { Duplex } from 'node:stream';
import type { Foreseen } from '../foreseen';
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import type { Command } from '../transport/command';
import type { CommandResult, Connection, RunOptions, Target, WriteOptions } from '../transport/connection';
import { isApart } from '../transport/apart';
import { readCommand, writeFile } from '../transport/files';
import { unlessAborted } from './abort';
import { isPlain } from './ahead-target';
import { judged } from './loss';
import { questionOf, type Memory } from './memory';
import { waitFor, type Cost } from './meter';

/** The task that a target belongs to. */
export interface TargetOptions {
  readonly runId: string;
  readonly signal: AbortSignal;
  /** When the task's time is up, on the clock of `performance.now()`. */
  readonly deadline: number;
  readonly say: (line: string) => void;
  readonly print: (text: string) => void;
  /** In check mode. */
  readonly foreseen?: Foreseen | undefined;
  /** Answers to looks that were sent ahead. */
  readonly memory?: Memory | undefined;
  /** Where what it costs is measured. */
  readonly cost?: Cost | undefined;
}

/** Told of each command of a change. */
export interface Changing {
  /** Before it is sent. */
  before(): void;
  /** When it was sent. */
  sent(how: { /** On a channel of its own, so that nothing sent now comes behind it. */ readonly apart: boolean; /** Another one follows. */ readonly goesOn: boolean }): void;
}

/** Wraps a connection for one task. After the signal every call rejects with its reason, so a module that goes on can do no harm. */
export class TaskTarget implements Target {
  #changing: Changing | undefined;
  /** An answer is taken once: whoever asks again wants to know anew. */
  readonly #asked = new Set<string>();

  constructor(private readonly inner: Connection, private readonly options: TargetOptions) {}

  get host(): Host { return this.inner.host; }
  get user(): string { return this.inner.user; }
  get foreseen(): Foreseen | undefined { return this.options.foreseen; }
  get runId(): string { return this.options.runId; }
  get signal(): AbortSignal { return this.options.signal; }

  /** While a change is made. What came behind it may be taken by the change itself, and once more by the look that proves it. */
  set changing(changing: Changing | undefined) {
    this.#changing = changing;
    this.#asked.clear();
  }

  say(line: string): void {
    if (!this.signal.aborted) this.options.say(line);
  }

  print(text: string): void {
    if (!this.signal.aborted) this.options.print(text);
  }

  async run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    this.signal.throwIfAborted();
    return await this.#remembered(command, options) ?? await this.#send(command, options);
  }

  async write(path: string, content: string | Buffer | Secret, options: WriteOptions = {}): Promise<void> {
    await unlessAborted(this.signal, () => writeFile(this, { path, content, runId: this.runId, ...options }));
  }

  async read(path: string): Promise<Buffer> {
    return (await this.run(readCommand(path))).bytes;
  }

  async readSecret(path: string): Promise<Secret> {
    return await this.#ask(() => this.inner.readSecret(path));
  }

  async fetch(path: string, to: string): Promise<string> {
    return await this.#ask(() => this.inner.fetch(path, to));
  }

  async forward(address: string, port: number): Promise<Duplex> {
    try {
      return await this.#ask(() => this.inner.forward(address, port));
    } catch (error) {
      throw await judged(error, this);
    }
  }

  /** The answer that came before the question; one that is no answer counts for nothing. */
  async #remembered(command: Command, options: RunOptions): Promise<CommandResult | undefined> {
    const { cost, memory } = this.options;
    if (memory === undefined || !isPlain(options)) return undefined;
    const question = questionOf(command, options);
    const answer = this.#asked.has(question) ? undefined : memory.recall(question);
    this.#asked.add(question);
    if (answer === undefined) return undefined;
    const result = await waitFor(unlessAborted(this.signal, () => answer.catch(() => undefined)), cost);
    const { expect = [0] } = options;
    if (result === undefined || !(expect === 'any' || expect.includes(result.code))) return undefined;
    cost?.remembered();
    cost?.printed(result);
    return result;
  }

  async #send(command: Command, options: RunOptions): Promise<CommandResult> {
    const left = Math.max(1, Math.ceil(this.options.deadline - performance.now()));
    const shown = options.channel === 'own' && options.secretOutput !== true ? { onLine: (line: string) => this.say(line) } : {};
    if (this.#changing !== undefined) this.#asked.clear();
    this.#changing?.before();
    this.options.cost?.sent();
    const answer = this.inner.run(command, { ...shown, ...options, signal: this.signal, timeoutMs: Math.min(options.timeoutMs ?? left, left) });
    this.#changing?.sent({ apart: isApart(options), goesOn: options.goesOn === true });
    const result = await waitFor(answer, this.options.cost);
    this.options.cost?.printed(result);
    return result;
  }

  /** What is no command of its own. */
  async #ask<T>(what: () => Promise<T>): Promise<T> {
    this.options.cost?.sent();
    return await waitFor(unlessAborted(this.signal, what), this.options.cost);
  }
}
