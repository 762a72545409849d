/** A few hosts for the engine's tests: real sh, real files, a directory for each host. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, ConnectionError, InterruptedError, RefusedError } from '../../../core/errors';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import type { Host, Inventory } from '../../../core/inventory/host';
import { mergeDraft } from '../../../core/inventory/merge';
import type { Playbook } from '../../../core/playbook';
import type { RecapEvent, RunnerEvent, TaskEvent } from '../../../core/report/events';
import { runPlaybook } from '../../../core/run/run';
import type { RunSettings, Selection } from '../../../core/run/job';
import { Secret } from '../../../core/secret';
import { cmd, type Command } from '../../../core/transport/command';
import type { CommandResult, Connection, HostLink, RunOptions, Transport } from '../../../core/transport/connection';

export interface RunOver {
  readonly settings?: Partial<RunSettings>;
  readonly selection?: Partial<Selection>;
  readonly vars?: unknown;
  readonly signal?: AbortSignal;
  readonly ask?: (text: string) => Promise<boolean>;
  readonly onEvent?: (event: RunnerEvent) => void;
}

export interface Result {
  readonly recap: RecapEvent;
  readonly events: readonly RunnerEvent[];
  readonly tasks: readonly TaskEvent[];
  /** `name` of a task to `h1=ok h2=changed`, by host. */
  of(task: string): string;
  /** Why it ended as it did, on the first host with a reason. */
  reason(task: string): string;
  /** Texts of notices. */
  readonly notices: readonly string[];
}

export interface World extends Disposable {
  readonly inventory: Inventory;
  host(name: string): Host;
  /** A path in the host's directory. */
  path(host: string | Host, file: string): string;
  read(host: string, file: string): string | undefined;
  write(host: string, file: string, text: string): void;
  /** Lines of the file that all hosts share, `log`. */
  readonly log: readonly string[];
  readonly logFile: string;
  /** Hosts that cannot be reached from now on. */
  readonly down: Set<string>;
  /** What was done to which host: `lock h1 root`, `connect h1 user`. */
  readonly calls: readonly string[];
  run(playbook: Playbook, over?: RunOver): Promise<Result>;
}

/** Makes hosts of these names; all are in the group `web`. */
export function world(...names: readonly string[]): World {
  const dir = mkdtempSync(join(tmpdir(), 'runsheet-engine-'));
  const draft = newDraft();
  readEntries(draft, { hosts: Object.fromEntries(names.map(name => [name, {}])), groups: { web: { hosts: [...names] } } }, 'test');
  const inventory = mergeDraft(draft, ['test']);
  for (const name of names) mkdirSync(join(dir, name));
  const path = (host: string | Host, file: string): string => join(dir, typeof host === 'string' ? host : host.name, file);
  const read = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  const logFile = join(dir, 'log');
  const down = new Set<string>();
  const calls: string[] = [];
  let run = 0;
  return {
    inventory, path, logFile, down, calls,
    host: name => inventory.find(name) ?? fail(name),
    read: (host, file) => read(path(host, file)),
    write: (host, file, text) => writeFileSync(path(host, file), text),
    get log() { return (read(logFile) ?? '').split('\n').filter(line => line !== ''); },
    run: async (playbook, over = {}) => {
      const events: RunnerEvent[] = [];
      run += 1;
      const recap = await runPlaybook({
        runId: `run-${run}`, playbook, vars: over.vars ?? {}, inventory, holder: 'me@here',
        selection: { tags: [], skipTags: [], ...over.selection },
        settings: { check: false, forks: 50, become: false, lockWaitMs: 0, timeoutMs: 600_000, ...over.settings },
        transport: localTransport(dir, down, calls),
        ask: over.ask ?? (() => Promise.resolve(true)),
        emit: event => { events.push(event); over.onEvent?.(event); },
        signal: over.signal ?? new AbortController().signal,
      });
      return resultOf(recap, events);
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function resultOf(recap: RecapEvent, events: readonly RunnerEvent[]): Result {
  const tasks = events.filter(event => event.type === 'task');
  return {
    recap, events, tasks,
    of: name => tasks.filter(event => event.name === name).map(event => `${event.host}=${event.status}`).sort().join(' '),
    reason: name => tasks.find(event => event.name === name && event.reason !== undefined)?.reason ?? '',
    notices: events.filter(event => event.type === 'notice').map(event => event.text),
  };
}

function localTransport(dir: string, down: ReadonlySet<string>, calls: string[]): Transport {
  return {
    link: async (host): Promise<HostLink> => {
      await Promise.resolve();
      if (down.has(host.name)) throw new ConnectionError(host.name, 'no route to host');
      return {
        host,
        as: async user => {
          await Promise.resolve();
          calls.push(`connect ${host.name} ${user ?? 'login'}`);
          return connection(host, user ?? 'login', down);
        },
        lock: async (claim, user) => {
          await Promise.resolve();
          calls.push(`lock ${host.name} ${user ?? 'login'}`);
          const file = join(dir, host.name, '.lock');
          if (existsSync(file)) throw new RefusedError(`${host.name} is locked by ${readFileSync(file, 'utf8')}`);
          writeFileSync(file, `run ${claim.run} of ${claim.holder}`);
          return { release: async () => { await Promise.resolve(); rmSync(file, { force: true }); } };
        },
        close: () => Promise.resolve(),
      };
    },
    close: () => Promise.resolve(),
  };
}

function connection(host: Host, user: string, down: ReadonlySet<string>): Connection {
  const run = async (command: Command, options: RunOptions = {}): Promise<CommandResult> => {
    if (down.has(host.name)) throw new ConnectionError(host.name, 'the connection is gone');
    return await runHere(host, command, options);
  };
  return {
    host, user, run,
    write: async (path, content) => { await run(cmd`cat > ${path}`, { stdin: content }); },
    read: async path => (await run(cmd`cat ${path}`)).bytes,
    readSecret: async path => new Secret((await run(cmd`cat ${path}`)).stdout),
    fetch: async (path, to) => { appendFileSync(to, (await run(cmd`cat ${path}`)).bytes); return ''; },
    forward: () => Promise.reject(new ConnectionError(host.name, 'forwarding is off')),
  };
}

async function runHere(host: Host, command: Command, options: RunOptions): Promise<CommandResult> {
  const started = performance.now();
  const child = spawn('sh', ['-c', command.text], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const kill = (): void => { try { process.kill(-(child.pid ?? 0), 'SIGKILL'); } catch { /* it has ended */ } };
  options.signal?.addEventListener('abort', kill);
  const timer = setTimeout(kill, options.timeoutMs ?? 60_000);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => { out.push(chunk); for (const line of chunk.toString().trimEnd().split('\n')) options.onLine?.(line); });
  child.stderr.on('data', (chunk: Buffer) => { err.push(chunk); });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin instanceof Secret ? options.stdin.reveal() : options.stdin);
  await once(child, 'close');
  clearTimeout(timer);
  if (options.signal?.aborted === true) throw new InterruptedError();
  const bytes = Buffer.concat(out);
  const result: CommandResult = {
    command: command.text, code: child.exitCode ?? -1, stdout: bytes.toString(), stderr: Buffer.concat(err).toString(), bytes, ms: performance.now() - started,
    ...(child.signalCode === null ? {} : { signal: child.signalCode, timedOut: true }),
  };
  const expected = options.expect ?? [0];
  if (expected !== 'any' && !expected.includes(result.code)) throw new CommandError(host.name, result);
  return result;
}

function fail(name: string): never {
  throw new Error(`no host ${name}`);
}
