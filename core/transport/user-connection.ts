/** The Connection that modules see: commands and files as one user of one host, over that user's sessions. */
import type { Duplex } from 'node:stream';
import { CommandError, ConnectionError, InterruptedError, isRunnerError, RunnerError } from '../errors';
import type { Host } from '../inventory/host';
import { redact, Secret } from '../secret';
import { isApart } from './apart';
import { cmd, quote, type Command } from './command';
import type { CommandResult, LookOptions, OpenConnection, RunOptions, WriteOptions } from './connection';
import { fetchFile, readCommand, writeFile } from './files';
import { ChannelGone } from './frames';
import type { Outcome } from './outcome';
import type { OwnOrder } from './own';
import type { Sessions } from './sessions';
import type { Watch } from './watch';
import type { Wire } from './wire';

/** Exit code of the look for a file that is not there. */
const NO_FILE = 44;

/** The time limit of a command that is given none, in milliseconds: that of a task. */
const DEFAULT_TIMEOUT_MS = 600_000;
/** The exit code and the words by which a script says that its directory is not there. */
const NO_DIRECTORY = 'runsheet: cannot change to directory';

/** What a connection is made of. */
export interface UserConnectionOptions {
  readonly host: Host;
  readonly user: string;
  readonly wire: Wire;
  readonly sessions: Sessions;
  readonly runId: string;
  readonly watch?: Watch;
}

/** One user's connection. */
export class UserConnection implements OpenConnection {
  readonly host: Host;
  readonly user: string;
  readonly sessions: Sessions;
  readonly #wire: Wire;
  readonly #runId: string;
  readonly #watch: Watch | undefined;

  constructor({ host, user, wire, sessions, runId, watch }: UserConnectionOptions) {
    this.host = host;
    this.user = user;
    this.sessions = sessions;
    this.#wire = wire;
    this.#runId = runId;
    this.#watch = watch;
  }

  run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    return this.#run(command, options);
  }

  async look(command: Command, options: LookOptions = {}): Promise<CommandResult> {
    const text = redact(command.text);
    this.#requireUp(options.signal);
    this.#watch?.asked();
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal, staysInside = false } = options;
    const outcome = await this.sessions.look({ text: command.text, timeoutMs, staysInside, isTimed: this.#watch !== undefined, ...(signal === undefined ? {} : { signal }) })
      .catch((error: unknown) => { throw this.#broken(error, text); });
    return this.#judge(text, outcome, options);
  }

  write(path: string, content: string | Buffer | Secret, options: WriteOptions = {}): Promise<void> {
    return writeFile(this, { path, content, runId: this.#runId, ...options });
  }

  async read(path: string): Promise<Buffer> {
    return (await this.run(readCommand(path))).bytes;
  }

  async readSecret(path: string): Promise<Secret> {
    // cat's own words are hidden with its output, so a file that is not there is told apart beforehand.
    const { code, stdout } = await this.run(cmd`[ -e ${path} ] || exit ${NO_FILE}; ${readCommand(path)}`, { secretOutput: true, expect: [0, NO_FILE] });
    if (code === NO_FILE) throw new RunnerError('command', `${this.host.name}: there is no file ${path}`);
    return new Secret(stdout);
  }

  fetch(path: string, to: string): Promise<string> {
    return fetchFile(to, (onBytes, signal) => this.#run(readCommand(path), { channel: 'own', signal }, onBytes));
  }

  async forward(address: string, port: number): Promise<Duplex> {
    if (this.#wire.failure !== undefined) throw this.#wire.failure;
    return this.#wire.forward(address, port);
  }

  async #run(command: Command, options: RunOptions, onBytes?: OwnOrder['onBytes']): Promise<CommandResult> {
    const text = redact(command.text);
    const input = inputOf(options.stdin);
    const order: OwnOrder = {
      text: scriptOf(command, options),
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      isTimed: this.#watch !== undefined,
      ...(input === undefined ? {} : { stdin: input, inputAsVariable: options.inputAsVariable === true }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
      ...(onBytes === undefined ? {} : { onBytes }),
    };
    this.#requireUp(options.signal);
    this.#watch?.asked();
    const outcome = await (isApart(options) ? this.sessions.onOwnChannel(order) : this.sessions.inShell(order))
      .catch((error: unknown) => { throw this.#broken(error, text); });
    return this.#judge(text, outcome, options);
  }

  #requireUp(signal: AbortSignal | undefined): void {
    if (this.#wire.failure !== undefined) throw this.#wire.failure;
    if (signal?.aborted === true) throw interruption(this.host, signal);
  }

  /** The result, or the error that it is. */
  #judge(text: string, outcome: Outcome, options: RunOptions): CommandResult {
    const { killed } = outcome;
    if (this.sessions.closed && outcome.signal !== undefined) throw this.#cancelled(text);
    if (killed === 'aborted' && !isTimeLimit(options.signal)) throw interruption(this.host, options.signal);
    const result = resultOf(text, outcome);
    const { expect = [0] } = options;
    const noDirectory = result.code === 125 && result.stderr.startsWith(NO_DIRECTORY);
    const isAnswer = expect === 'any' || expect.includes(result.code);
    if (isAnswer && !noDirectory && result.code !== -1) return result;
    const hint = killed === 'flooded' ? 'It printed more than can be kept in memory: let it write to a file and fetch that.' : undefined;
    throw new CommandError(this.host.name, options.secretOutput === true ? withoutOutput(result) : result, hint);
  }

  /** What a broken channel means: our own closing, a dropped link, or a shell that was killed on the host. */
  #broken(error: unknown, text: string): unknown {
    if (!(error instanceof ChannelGone)) return error;
    const what = shorten(text);
    if (this.sessions.closed) return this.#cancelled(text);
    const hint = 'What it did is unknown: look at the host, or run again, which inspects it.';
    const { failure } = this.#wire;
    if (failure !== undefined) {
      return new ConnectionError(this.host.name, `the outcome of "${what}" is unknown: ${failure.message}`, failure.hint ?? hint, { cause: failure });
    }
    return new ConnectionError(this.host.name, `the shell ended while it ran "${what}"; the outcome is unknown`, hint);
  }

  #cancelled(text: string): InterruptedError {
    return new InterruptedError(`${this.host.name}: cancelled while it ran "${shorten(text)}"; the outcome is unknown`);
  }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function inputOf(stdin: RunOptions['stdin']): Buffer | undefined {
  if (stdin === undefined) return undefined;
  if (stdin instanceof Secret) return Buffer.from(stdin.reveal());
  return typeof stdin === 'string' ? Buffer.from(stdin) : stdin;
}

function scriptOf(command: Command, { env = {}, chdir }: RunOptions): string {
  const lines = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`"${name}" is no name for an environment variable`);
    return `export ${name}=${quote(value)}\n`;
  });
  if (chdir !== undefined) {
    // CDPATH would make cd print, and go elsewhere.
    lines.unshift(`CDPATH= cd -- ${quote(chdir)} 2>/dev/null || { echo ${quote(`${NO_DIRECTORY} ${chdir}`)} >&2; exit 125; }\n`);
  }
  return lines.join('') + command.text;
}

function resultOf(command: string, { code, stdout, stderr, ms, hostMs, signal, killed }: Outcome): CommandResult {
  const by = signal ?? (killed === 'flooded' ? 'KILL' : undefined);
  return {
    command, code, ms, bytes: stdout,
    stdout: stdout.toString(),
    stderr: stderr.toString(),
    ...(hostMs === undefined ? {} : { hostMs }),
    ...(by === undefined ? {} : { signal: `SIG${by.replace(/^SIG/, '')}` }),
    ...(killed === 'timedOut' || killed === 'aborted' ? { timedOut: true } : {}),
  };
}

function withoutOutput(result: CommandResult): CommandResult {
  return { ...result, stdout: '', stderr: '(its output may hold a secret and is not shown)', bytes: Buffer.alloc(0) };
}

function isTimeLimit(signal: AbortSignal | undefined): boolean {
  const reason: unknown = signal?.reason;
  return reason instanceof Error && reason.name === 'TimeoutError';
}

function interruption(host: Host, signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return isRunnerError(reason) ? reason : new InterruptedError(`${host.name}: interrupted`);
}
