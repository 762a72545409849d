/** A few hosts for the engine's tests: real sh, real files, a directory for each host. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConnectionError, RefusedError } from '../../../core/errors';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import type { Host, Inventory } from '../../../core/inventory/host';
import { mergeDraft } from '../../../core/inventory/merge';
import type { Playbook } from '../../../core/playbook';
import type { RecapEvent, RunnerEvent, TaskEvent } from '../../../core/report/events';
import { runPlaybook } from '../../../core/run/run';
import type { RunJob, RunSettings, Selection } from '../../../core/run/job';
import type { HostLink, Transport } from '../../../core/transport/connection';
import { createTransport } from '../../../core/transport/open';

export interface RunOver {
  readonly settings?: Partial<RunSettings>;
  readonly selection?: Partial<Selection>;
  readonly vars?: unknown;
  readonly signal?: AbortSignal;
  readonly job?: Pick<RunJob, 'ledger' | 'guard' | 'step'>;
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
  readEntries(draft, { hosts: Object.fromEntries(names.map(name => [name, { stateDirectory: join(dir, name, '.state') }])), type: 'local', groups: { web: { hosts: [...names] } } }, 'test');
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
        settings: { check: false, forks: 50, become: false, ahead: true, lockWaitMs: 0, timeoutMs: 600_000, ...over.settings },
        transport: localTransport(`run-${run}`, { dir, down, calls }),
        ask: over.ask ?? (() => Promise.resolve(true)),
        emit: event => { events.push(event); over.onEvent?.(event); },
        signal: over.signal ?? new AbortController().signal,
        ...over.job,
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

/** The real transport to this machine, with hosts that can be down, and with a lock for each of them: they share this machine's. */
function localTransport(runId: string, { dir, down, calls }: { readonly dir: string; readonly down: ReadonlySet<string>; readonly calls: string[] }): Transport {
  const real = createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId });
  const held = new Set<string>();
  return {
    link: async (host, signal): Promise<HostLink> => {
      if (down.has(host.name)) throw new ConnectionError(host.name, 'no route to host');
      const link = await real.link(host, signal);
      return {
        host,
        as: async user => {
          calls.push(`connect ${host.name} ${user ?? 'login'}`);
          return await link.as(undefined);
        },
        lock: async (claim, user) => {
          await Promise.resolve();
          calls.push(`lock ${host.name} ${user ?? 'login'}`);
          const file = join(dir, host.name, '.lock');
          for (const until = performance.now() + claim.waitMs; existsSync(file) && performance.now() < until;) await new Promise(resolve => setTimeout(resolve, 5));
          if (existsSync(file)) throw new RefusedError(`${host.name} is locked by ${readFileSync(file, 'utf8')}`);
          writeFileSync(file, `run ${claim.run} of ${claim.holder}`);
          held.add(file);
          return { release: async () => { await Promise.resolve(); rmSync(file, { force: true }); } };
        },
        close: () => link.close(),
      };
    },
    close: async () => {
      await real.close();
      for (const file of held) rmSync(file, { force: true });
    },
  };
}

function fail(name: string): never {
  throw new Error(`no host ${name}`);
}
