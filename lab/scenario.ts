/** A cluster on a lab's hosts, clients that keep asking, and Runsheet at work on it: what the demo, the tests and the proofs share. */
import { join } from 'node:path';
import { startCluster, etcdctl, loadCluster, liveMaster } from './cluster/cluster';
import type { ClusterInput } from './cluster/options';
import { clusterSpec } from './cluster/spec';
import { labDown, labUp, planHosts, runOnHost, spawnInLab, type Lab, type LabUser } from './lab';

/** Which cluster. */
export interface ScenarioOptions {
  /** The lab's name. */
  readonly name: string;
  readonly masters: number;
  readonly nodes: number;
  readonly cluster: Omit<ClusterInput, 'masters' | 'nodes'>;
  readonly user?: LabUser;
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Boots the cluster; it is whole when this resolves. */
export async function upCluster(options: ScenarioOptions): Promise<Lab> {
  const { progress = () => undefined, signal } = options;
  const hosts = await clusterSpec(planHosts({ masters: options.masters, nodes: options.nodes }), options.cluster);
  const lab = await labUp({
    name: options.name, hosts, progress,
    ...(options.user === undefined ? {} : { user: options.user }), ...(signal === undefined ? {} : { signal }),
  });
  try {
    await startCluster(lab, { progress, ...(signal === undefined ? {} : { signal }) });
    return lab;
  } catch (error) {
    await labDown(lab.name);
    throw error;
  }
}

/** What a run of Runsheet answered. */
export interface RunsheetResult { readonly code: number | null; readonly signal: string | null; readonly stdout: string; readonly stderr: string }

export interface RunsheetOptions {
  /** `inherit`: the run draws on this terminal, and nothing is captured. */
  readonly stdio?: 'capture' | 'inherit';
  /** Working directory: where `.runsheet` is written. */
  readonly cwd: string;
  /** Told when the process runs, so that a test may kill it. */
  readonly started?: (pid: number) => void;
  /** Called with each piece of standard output. */
  readonly onOutput?: (text: string) => void;
  /** Another inventory than the lab's. */
  readonly inventory?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `runsheet ARGS` where the controller of the lab stands, with the lab's inventory. */
export function runsheet(lab: Lab, args: readonly string[], options: RunsheetOptions): Promise<RunsheetResult> {
  const password = lab.becomePasswordFile === undefined ? [] : ['--become-password-file', lab.becomePasswordFile];
  return runsheetAgain(lab, [...args, '-i', options.inventory ?? lab.inventory, ...password], options);
}

/** Runs `runsheet ARGS` there and adds nothing: `resume`, `apply` and `show` have inventory and variables from a journal or a plan. */
export function runsheetAgain(lab: Lab, args: readonly string[], options: Omit<RunsheetOptions, 'inventory'>): Promise<RunsheetResult> {
  const child = spawnInLab(lab, [process.execPath, join(__dirname, '../bin/runsheet.js'), ...args], {
    // What is captured is compared: where this process was told to force colours (vitest tells its workers so in CI), they would be in it.
    cwd: options.cwd, env: { ...process.env, ...(options.stdio === 'inherit' ? {} : { FORCE_COLOR: undefined, NO_COLOR: '1' }), ...options.env },
    stdio: options.stdio === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { stdout += text; options.onOutput?.(text); });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  if (child.pid !== undefined) options.started?.(child.pid);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Path of a playbook of this repository. */
export function playbookPath(name: string): string {
  return join(__dirname, '../playbooks', `${name}.ts`);
}

/** The peer addresses of etcd's members now, asked of the first master that answers. */
export async function members(lab: Lab): Promise<readonly string[]> {
  const cluster = await loadCluster(lab);
  const master = cluster.kube === 'none' ? cluster.masters[0] ?? '' : await liveMaster(lab, cluster);
  const { stdout } = await runOnHost(lab, master, etcdctl(cluster, 'member list -w simple'));
  return stdout.trim().split('\n').map(line => /https:\/\/\[?([^,\]]+?)\]?:\d+/.exec(line)?.[1] ?? line).sort();
}
