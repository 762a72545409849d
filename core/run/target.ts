/** What a module gets: a connection within one task on one host, with the task's time limit and signal. */
import type { Duplex } from 'node:stream';
import type { Foreseen } from '../foreseen';
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import type { Command } from '../transport/command';
import type { CommandResult, Connection, RunOptions, Target, WriteOptions } from '../transport/connection';
import { unlessAborted } from './abort';
import { judged } from './loss';

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
}

/** Wraps a connection for one task. After the signal every call rejects with its reason, so a module that goes on can do no harm. */
export class TaskTarget implements Target {
  constructor(private readonly inner: Connection, private readonly options: TargetOptions) {}

  get host(): Host { return this.inner.host; }
  get user(): string { return this.inner.user; }
  get foreseen(): Foreseen | undefined { return this.options.foreseen; }
  get runId(): string { return this.options.runId; }
  get signal(): AbortSignal { return this.options.signal; }

  say(line: string): void {
    if (!this.signal.aborted) this.options.say(line);
  }

  print(text: string): void {
    if (!this.signal.aborted) this.options.print(text);
  }

  async run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    this.signal.throwIfAborted();
    const left = Math.max(1, Math.ceil(this.options.deadline - performance.now()));
    const shown = options.channel === 'own' && options.secretOutput !== true ? { onLine: (line: string) => this.say(line) } : {};
    return await this.inner.run(command, { ...shown, ...options, signal: this.signal, timeoutMs: Math.min(options.timeoutMs ?? left, left) });
  }

  async write(path: string, content: string | Buffer | Secret, options?: WriteOptions): Promise<void> {
    await unlessAborted(this.signal, () => this.inner.write(path, content, options));
  }

  async read(path: string): Promise<Buffer> {
    return await unlessAborted(this.signal, () => this.inner.read(path));
  }

  async readSecret(path: string): Promise<Secret> {
    return await unlessAborted(this.signal, () => this.inner.readSecret(path));
  }

  async fetch(path: string, to: string): Promise<string> {
    return await unlessAborted(this.signal, () => this.inner.fetch(path, to));
  }

  async forward(address: string, port: number): Promise<Duplex> {
    try {
      return await unlessAborted(this.signal, () => this.inner.forward(address, port));
    } catch (error) {
      throw await judged(error, this);
    }
  }
}
