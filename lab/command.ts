import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { constants } from 'node:os';
import { InterruptedError, RunnerError } from '../core/errors';
import type { ExecOptions, ExecResult } from './types';

const TIME_LIMIT_MS = 60_000;

/**
 * Runs a program of this machine and gives what it answered.
 * @throws RunnerError when it cannot be started, takes longer than its time limit, or ends with a code that `expect` does not name.
 */
export async function run(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const limitMs = options.timeoutMs ?? TIME_LIMIT_MS;
  const limit = new AbortController();
  // A process group of its own, so that the children of what is stopped are stopped too.
  const child = start(argv, { stdio: ['pipe', 'pipe', 'pipe'], cwd: options.cwd, env: { ...process.env, ...options.env }, detached: true });
  const kill = (): void => { killGroup(child); };
  // Timer and listener by hand: Node 20 may collect AbortSignal.any([signal, AbortSignal.timeout()]) before it fires (nodejs/node#57736).
  const timer = setTimeout(() => { limit.abort(); kill(); }, limitMs);
  options.signal?.addEventListener('abort', kill);
  if (options.signal?.aborted === true) kill();
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin?.on('error', () => { /* It ended without reading all of its input: its exit code says how. */ });
  child.stdin?.end(options.input ?? '');
  try {
    const code = await exitCode(child, argv);
    const result = { code, stdout: stdout(), stderr: stderr() };
    if (options.signal?.aborted === true) throw new InterruptedError();
    if (limit.signal.aborted) throw new RunnerError('command', `${shown(argv)} did not end within ${limitMs / 1000} s${tail(result)}`);
    const expected = options.expect ?? [0];
    if (expected !== 'any' && !expected.includes(code)) throw new RunnerError('command', `${shown(argv)} exited with code ${code}${tail(result)}`);
    return result;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
  }
}

/** Starts a program of this machine and does not wait for it. */
export function start(argv: readonly string[], options: SpawnOptions): ChildProcess {
  const [program, ...rest] = argv;
  if (program === undefined) throw new RunnerError('usage', 'There is no command to run.');
  return spawn(program, rest, options);
}

/** The exit code of a child, or 128 + the signal's number as a shell counts. */
export async function exitCode(child: ChildProcess, argv: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => { reject(new RunnerError('command', `${shown(argv)} cannot be started: ${error.message}`)); });
    child.once('close', (code, signal) => { resolve(code ?? signalCode(signal)); });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Did this fail because a process or file is not there (any more)? */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'ENOENT' || error.code === 'ENODEV');
}

function signalCode(signal: NodeJS.Signals | null): number {
  return signal === null ? 128 : 128 + constants.signals[signal];
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: string[] = [];
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => { chunks.push(chunk); });
  return () => chunks.join('');
}

function shown(argv: readonly string[]): string {
  const line = argv.join(' ').replaceAll(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
}

function tail(result: ExecResult): string {
  const text = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-5).join('\n');
  return text === '' ? '' : `: ${text}`;
}
