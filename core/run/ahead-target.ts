/** What a look gets that is carried out before its turn: it can read by commands of the open shell, and nothing else. */
import type { Duplex } from 'node:stream';
import { InterruptedError, RunnerError } from '../errors';
import type { Foreseen } from '../foreseen';
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import type { Command } from '../transport/command';
import type { CommandResult, OpenConnection, RunOptions, Target } from '../transport/connection';
import { readCommand } from '../transport/files';
import { FRESH_MS, type Memory } from './memory';

/** Where it looks. */
export interface AheadOptions {
  readonly on: OpenConnection;
  readonly memory: Memory;
  readonly runId: string;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  /** In check mode. */
  readonly foreseen: Foreseen | undefined;
}

/** Keeps every answer in the memory, by the command that a task will ask with. What it cannot do rejects: then the look is done when its turn comes. */
export class AheadTarget implements Target {
  constructor(private readonly options: AheadOptions) {}

  get host(): Host { return this.options.on.host; }
  get user(): string { return this.options.on.user; }
  get foreseen(): Foreseen | undefined { return this.options.foreseen; }
  get runId(): string { return this.options.runId; }
  get signal(): AbortSignal { return this.options.signal; }

  say(): void { /* Nothing is told of a task that has not begun. */ }

  print(): void { /* As above. */ }

  async run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    if (this.signal.aborted) throw new InterruptedError();
    if (!isPlain(options)) throw notAhead();
    const { memory, on, signal } = this.options;
    const known = memory.recall(command.text);
    if (known !== undefined) return await known;
    const result = on.look(options.ahead ?? command, { signal, timeoutMs: FRESH_MS, ...(options.expect === undefined ? {} : { expect: options.expect }) });
    memory.keep(command.text, result);
    return await result;
  }

  async read(path: string): Promise<Buffer> {
    return (await this.run(readCommand(path))).bytes;
  }

  write(): Promise<void> { return Promise.reject(notAhead()); }

  readSecret(): Promise<Secret> { return Promise.reject(notAhead()); }

  fetch(): Promise<string> { return Promise.reject(notAhead()); }

  forward(): Promise<Duplex> { return Promise.reject(notAhead()); }
}

/** A command of the open shell that is nothing but its text. */
export function isPlain({ stdin, env, chdir, channel = 'shell' }: RunOptions): boolean {
  return stdin === undefined && env === undefined && chdir === undefined && channel === 'shell';
}

function notAhead(): RunnerError {
  return new RunnerError('check', 'this look can only be done when its turn comes');
}
