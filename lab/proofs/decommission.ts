/** The main job on a lab's cluster, run as a user runs it: through the command line, in a process of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadCluster } from '../cluster/cluster';
import { unitNames, type ClusterOptions } from '../cluster/options';
import type { RecapEvent, RunnerEvent } from '../../core/report/events';
import { setLink, type Lab } from '../lab';
import { playbookPath, runsheet, runsheetAgain, type RunsheetOptions } from '../scenario';
import { changesOf, failuresOf, parseEvent, parseEvents, recapOf } from './events';
import type { Leaving } from './outcome';

/** What is done to a run, so long after the first such event. */
export interface Disturbance {
  readonly after: (event: RunnerEvent) => boolean;
  /** Milliseconds; 0 unless said. */
  readonly delayMs?: number;
  /** A signal for the controller (SIGKILL unless said), or a host whose cable is pulled until the run has ended. */
  readonly by?: 'SIGKILL' | 'SIGINT' | { readonly cut: string };
}

export interface DecommissionOptions extends Leaving, Pick<RunsheetOptions, 'cwd' | 'env' | 'inventory'> {
  /** Only look and compare. */
  readonly check?: boolean;
  /** Further arguments. */
  readonly args?: readonly string[];
  readonly disturb?: Disturbance;
  /** `runsheet resume`: goes on with the last run of the folder, which has written down what it was asked for. */
  readonly resume?: boolean;
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
  const { disturb, cwd, env, inventory, resume = false } = options;
  const disturber = new Disturber(lab, disturb);
  const listeners = { started: (pid: number) => { disturber.pid = pid; }, onOutput: (text: string) => disturber.hear(text) };
  const started = performance.now();
  const { code, stdout, stderr } = resume
    ? await runsheetAgain(lab, ['resume', '--yes', '--json'], { cwd, ...listeners })
    : await runsheet(lab, await argumentsFor(lab, options), { cwd, ...(env === undefined ? {} : { env }), ...(inventory === undefined ? {} : { inventory }), ...listeners });
  const seconds = (performance.now() - started) / 1000;
  await disturber.mend();
  const events = parseEvents(stdout);
  return { code, events, stderr, seconds, recap: recapOf(events), changes: changesOf(events), failures: failuresOf(events) };
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

/** Reads the events as they come and does what is to be done after the right one, once. */
class Disturber {
  pid: number | undefined;
  #rest = '';
  #done: Promise<void> | undefined;

  constructor(private readonly lab: Lab, private readonly plan: Disturbance | undefined) {}

  hear(text: string): void {
    if (this.plan === undefined || this.#done !== undefined) return;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (lines.map(parseEvent).some(this.plan.after)) this.#done = this.#disturb(this.plan);
  }

  /** Joins the host again whose cable was pulled. */
  async mend(): Promise<void> {
    await this.#done;
    const by = this.plan?.by;
    if (this.#done !== undefined && typeof by === 'object') await setLink(this.lab, by.cut, 'up');
  }

  async #disturb({ delayMs = 0, by = 'SIGKILL' }: Disturbance): Promise<void> {
    if (delayMs > 0) await sleep(delayMs);
    if (typeof by === 'object') await setLink(this.lab, by.cut, 'down');
    else if (this.pid !== undefined) signal(this.pid, by);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended by itself while we waited.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
