/** The report at the end of a run, in words and in numbers that the run saw. Pure. */
import type { KeptSnapshot, VerifiedSnapshot } from '../../modules/etcd';
import type { World } from './world';

/** A snapshot on its host and on the controller; `undefined` where this run made none. */
export interface SnapshotFacts {
  readonly host: string;
  readonly verified: Pick<VerifiedSnapshot, 'path' | 'size' | 'revision'> | undefined;
  readonly kept: Pick<KeptSnapshot, 'path' | 'size' | 'encrypted'> | undefined;
}

interface PathsOn { readonly host: string; readonly paths: readonly string[] }

/** What it is made from. */
export interface ReportFacts {
  readonly world: Pick<World, 'kept' | 'leaving' | 'dead'>;
  readonly runId: string;
  /** Milliseconds since the run began. */
  readonly took: number;
  /** How long a deleted pod took to come back, in milliseconds. */
  readonly canaryMs: number;
  readonly wipeKeys: boolean;
  /** Members of etcd by name, before and after. */
  readonly members: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** How long the last write of each node took, in milliseconds. */
  readonly writes: readonly number[];
  /** From before any change, and of the smaller cluster. */
  readonly snapshots: readonly [before: SnapshotFacts, after: SnapshotFacts];
  /** Copies and directories put aside, of this run and of earlier ones. */
  readonly copies: readonly PathsOn[];
  /** Keys and kubeconfigs that are still on leaving masters. */
  readonly secrets: readonly PathsOn[];
}

type Row = readonly [what: string, ...lines: readonly string[]];

/** The text. */
export function reportText(facts: ReportFacts): string {
  const { world, members, writes, snapshots } = facts;
  const gone = [...world.leaving.map(host => host.name), ...world.dead.map(each => `${each.name} (dead)`)];
  const rows: Row[] = [
    ['members before', members.before.join(', ')],
    ['members after', members.after.join(', ')],
    ['proved', `${writes.length} nodes wrote and read through their proxies${writes.length === 0 ? '' : `, the slowest in ${Math.max(...writes)} ms`}; a deleted pod came back in ${seconds(facts.canaryMs)}`,
      'units, certificates, kubeconfigs, proxies and endpoints name no leaving master'],
    ['snapshot before', ...snapshotLines(snapshots[0])],
    ['snapshot after', ...snapshotLines(snapshots[1])],
    ...keptRows(facts),
    ...facts.secrets.map(({ host, paths }): Row => [`still on ${host}`, ...(paths.length === 0 ? ['no CA key, no shared key, no kubeconfig'] : paths), ...(paths.length === 0 || facts.wipeKeys ? [] : ['to delete them: a new run, or plan, with the same variables and --set wipeKeys=true'])]),
    ...world.dead.map((dead): Row => [`${dead.name} (dead)`, 'nothing was done there: before it is switched on again, cut it off from the others and disable etcd, API server, controller-manager',
      'and scheduler on it: with their old flags they would join in again']),
    ['way back', 'files: put the copies back in the place of their originals and reload', 'members: only by a new join, as a learner with an empty data directory'],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  const print = ([what, ...lines]: Row): string[] => lines.map((line, i) => `  ${(i === 0 ? what : '').padEnd(width)}  ${line}`);
  return [`${gone.join(', ')} left, ${world.kept.map(host => host.name).join(', ')} stayed; the run took ${seconds(facts.took)}.`, ...rows.flatMap(print)].join('\n');
}

function snapshotLines({ host, verified, kept }: SnapshotFacts): string[] {
  if (verified === undefined || kept === undefined) return ['none of this run: no member was left to remove, so it is among those of the run before'];
  return [
    `${host}:${verified.path}, ${verified.size} bytes, revision ${verified.revision}, restored once to try it`,
    `controller:${kept.path}, ${kept.size} bytes, ${kept.encrypted ? 'encrypted with age' : 'not encrypted: it holds every Secret of the cluster'}`,
  ];
}

/** More copies of earlier runs than so many are only counted. */
const EARLIER_TOLD = 12;

/** Hosts with the same files share a row. Copies of earlier runs are told too, since one of them may be the one that this run goes on with. */
function keptRows({ copies, runId }: ReportFacts): Row[] {
  const told = copies.map(({ host, paths }) => ({ host, text: [...paths.filter(path => path.endsWith(runId)), ...earlier(paths, runId)].join('\n') })).filter(({ text }) => text !== '');
  const texts = [...new Set(told.map(({ text }) => text))];
  return texts.map((text): Row => [`kept on ${told.filter(each => each.text === text).map(each => each.host).join(', ')}`, ...text.split('\n')]);
}

function earlier(paths: readonly string[], runId: string): string[] {
  const older = paths.filter(path => !path.endsWith(runId));
  return older.length > EARLIER_TOLD ? [`${older.length} of earlier runs`] : older;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
