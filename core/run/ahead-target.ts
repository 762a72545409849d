/** What a look gets that is carried out before its turn: it can read by commands of the open shell, and nothing else. */
import type { Duplex } from 'node:stream';
import { InterruptedError, RunnerError } from '../errors';
import type { Foreseen } from '../foreseen';
import type { Host } from '../inventory/host';
import { apart } from '../path-facts';
import { isJoinable, pathLooks, type Asked } from '../path-look';
import type { Secret } from '../secret';
import type { Command } from '../transport/command';
import type { CommandResult, OpenConnection, RunOptions, Target } from '../transport/connection';
import { readCommand } from '../transport/files';
import { FRESH_MS, questionOf, type Memory } from './memory';

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

/** A question about paths that waits for the others of its moment. */
interface Waiting {
  readonly asked: Asked;
  readonly answer: (result: CommandResult | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Keeps every answer in the memory, by the question that a task will ask with. Questions about paths that are asked in the same moment go as one command. What
 * it cannot do rejects: then the look is done when its turn comes.
 */
export class AheadTarget implements Target {
  #waiting: Waiting[] = [];

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
    const { memory } = this.options;
    const question = questionOf(command, options);
    const known = memory.recall(question);
    if (known !== undefined) return await known;
    const result = this.#send(command, options);
    memory.keep(question, result);
    return await result;
  }

  #send(command: Command, { ahead = command, expect }: RunOptions): Promise<CommandResult> {
    if (!('path' in ahead || 'length' in ahead)) return this.#look(ahead, expect);
    return [ahead].flat().every(isJoinable) ? this.#together(ahead) : this.#look(command, expect);
  }

  #look(command: Command, expect: RunOptions['expect'], staysInside = false): Promise<CommandResult> {
    const { on, signal } = this.options;
    return on.look(command, { signal, staysInside, timeoutMs: FRESH_MS, ...(expect === undefined ? {} : { expect }) });
  }

  async #together(asked: Asked): Promise<CommandResult> {
    if (this.#waiting.length === 0) queueMicrotask(() => void this.#ask(this.#waiting.splice(0)));
    const result = await new Promise<CommandResult | undefined>((answer, fail) => this.#waiting.push({ asked, answer, fail }));
    if (result === undefined) throw notAhead();
    return result;
  }

  async #ask(waiting: readonly Waiting[]): Promise<void> {
    const all = waiting.map(({ asked }) => asked);
    try {
      const results = apart(await this.#look(pathLooks(all.flat()), [0], true), all);
      for (const [at, { answer }] of waiting.entries()) answer(results[at]);
    } catch (error) {
      for (const { fail } of waiting) fail(error);
    }
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
