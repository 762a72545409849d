/** The main job on a lab's cluster, run as a user runs it: through the command line, in a process of its own. */
import { loadCluster } from '../cluster/cluster';
import { unitNames, type ClusterOptions } from '../cluster/options';
import type { RecapEvent, RunnerEvent } from '../../core/report/events';
import type { Lab } from '../lab';
import { playbookPath, runsheet, type RunsheetOptions } from '../scenario';
import { changesOf, failuresOf, parseEvent, parseEvents, recapOf } from './events';
import type { Leaving } from './outcome';

/** When to kill the controller: so long after an event. */
export interface Kill {
  readonly after: (event: RunnerEvent) => boolean;
  /** Milliseconds; 0 unless said. */
  readonly delayMs?: number;
}

export interface DecommissionOptions extends Leaving, Pick<RunsheetOptions, 'cwd' | 'env' | 'inventory'> {
  /** Only look and compare. */
  readonly check?: boolean;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** SIGKILL for the controller. */
  readonly kill?: Kill;
}

/** How a run went. */
export interface Decommissioned {
  /** `null` when it was killed. */
  readonly code: number | null;
  readonly events: readonly RunnerEvent[];
  readonly recap: RecapEvent | undefined;
  /** What it changed and what went wrong, one line for each. */
  readonly changes: readonly string[];
  readonly failures: readonly string[];
  readonly stderr: string;
  /** Wall time in seconds, start of the process included. */
  readonly seconds: number;
}

/** Runs `playbooks/decommission-masters.ts` with what this lab's cluster needs to be told. */
export async function decommission(lab: Lab, options: DecommissionOptions): Promise<Decommissioned> {
  const { kill, cwd, env, inventory } = options;
  const killer = new Killer(kill);
  const started = performance.now();
  const { code, stdout, stderr } = await runsheet(lab, await argumentsFor(lab, options), {
    cwd, ...(env === undefined ? {} : { env }), ...(inventory === undefined ? {} : { inventory }),
    started: pid => { killer.pid = pid; },
    onOutput: text => killer.hear(text),
  });
  const events = parseEvents(stdout);
  return {
    code, events, stderr,
    recap: recapOf(events), changes: changesOf(events), failures: failuresOf(events),
    seconds: (performance.now() - started) / 1000,
  };
}

/** What went wrong with a run that should have ended well, one line for each; empty when it did. */
export function complaintsOf(run: Decommissioned): readonly string[] {
  if (run.code === 0) return [];
  const stopped = run.recap?.stopped === undefined ? [] : [run.recap.stopped];
  return [`exit ${run.code ?? 'by a signal'}`, ...stopped, ...run.failures, ...run.stderr.trim().split('\n').filter(line => line !== '').slice(-5)];
}

/** The arguments of the command line. */
export async function argumentsFor(lab: Lab, { leaving, dead = [], check = false, args = [] }: DecommissionOptions): Promise<readonly string[]> {
  const sets = [`leaving=${leaving.join(',')}`, ...(dead.length === 0 ? [] : [`dead=${dead.join(',')}`]), ...namesOf(await loadCluster(lab))];
  return ['run', playbookPath('decommission-masters'), ...sets.flatMap(each => ['--set', each]), check ? '--check' : '--yes', '--json', ...args];
}

/** What the playbook cannot know of a cluster that is not built as in the article. */
function namesOf(cluster: ClusterOptions): readonly string[] {
  const names = unitNames(cluster.units);
  const article = unitNames('kube-');
  const units = (['nginx', 'etcd', 'apiserver', 'controllerManager', 'scheduler'] as const).filter(each => names[each] !== article[each]).map(each => `units.${each}=${names[each]}`);
  const files = { cert: 'ca.pem', key: 'ca-key.pem', config: 'ca-config.json' };
  return cluster.certDir === '/etc/kubernetes/ssl' ? units : [...units, ...Object.entries(files).map(([what, file]) => `ca.${what}=${cluster.certDir}/${file}`)];
}

/** Reads the events as they come and kills the process after the right one, once. */
class Killer {
  pid: number | undefined;
  #rest = '';
  #done = false;

  constructor(private readonly plan: Kill | undefined) {}

  hear(text: string): void {
    if (this.plan === undefined || this.#done) return;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    const { after, delayMs = 0 } = this.plan;
    if (!lines.map(parseEvent).some(after)) return;
    this.#done = true;
    if (delayMs === 0) this.#kill();
    else setTimeout(() => this.#kill(), delayMs);
  }

  #kill(): void {
    try {
      if (this.pid !== undefined) process.kill(this.pid, 'SIGKILL');
    } catch (error) {
      // It ended by itself while we waited.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
