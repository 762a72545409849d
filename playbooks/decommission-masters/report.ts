/** The end of a run: what each host still has is looked at, and one text tells it all. */
import { all, from, isUnreachable, once, play, task, type Host, type Play, type Task, type Unreachable } from '../../core';
import { leaderOf, type Health } from '../../modules/etcd';
import * as file from '../../modules/file';
import type { NginxReading } from '../../modules/nginx';
import * as report from '../../modules/report';
import type { Unit } from '../../modules/systemd';
import { firstValue } from '../steps/per-host';
import { pairsOf, type MasterReading } from '../steps/masters';
import type { Snapshot } from './backup';
import type { Context } from './context';
import { requestPath, secretFiles } from './leavings';
import type { Proof, SecondLook } from './proof';
import { reportText, type SnapshotFacts } from './report-text';

/** What the report tells of, beside the hosts' own files. */
export interface Done {
  readonly before: Snapshot;
  readonly after: Snapshot;
  /** The last write from every node. */
  readonly write: Task<number>;
  readonly proof: Proof;
  readonly look: SecondLook;
}

/** Prints it. Nothing is changed here, and nothing is told that was not seen. */
export function tell(context: Context, { before, after, write, proof, look }: Done): readonly Play[] {
  const { world, vars, decision, runId } = context;
  const [asker] = world.kept;
  if (asker === undefined) return [];
  const kept = task('See what was kept beside changed files', ({ conf }) => file.existing({ paths: nginxFiles(conf, vars.nginx.upstream), copies: true }), { uses: { conf: context.conf } });
  const masters = task('See what was kept of the masters', ({ reading, units }) => file.existing({ paths: masterFiles(reading, units), copies: true }), { uses: { reading: context.reading, units: context.units } });
  const secrets = task('See which keys are left', ({ reading }) => file.existing({ paths: 'facts' in reading ? secretFiles(reading.facts, vars) : [] }), { uses: { reading: context.reading } });
  const told = task('Tell how it went', seen => report.print({ text: reportText({
    world, runId, took: Date.now() - startOf(runId), canaryMs: seen.canary, wipeKeys: vars.wipeKeys,
    members: { before: seen.decision.before, after: membersOf(firstValue(seen.health)) },
    writes: [...seen.writes.values()].filter(each => typeof each === 'number'),
    snapshots: [snapshotFacts(asker, seen.before, seen.beforeCopy), snapshotFacts(asker, seen.after, seen.afterCopy)],
    copies: world.proxies.map(host => ({ host: host.name, paths: [...listOf(seen.kept, host), ...listOf(seen.masters, host)].filter(path => /(?:-bak-|\.removed-)[^/]+$/.test(path)) })),
    secrets: world.leaving.map(host => ({ host: host.name, paths: listOf(seen.secrets, host) })),
  }) }), {
    uses: {
      decision, canary: proof.canary, writes: all(write), health: all(look.seen.health), kept: all(kept), masters: all(masters), secrets: all(secrets),
      before: from(asker, before.verified), beforeCopy: from(asker, before.kept), after: from(asker, after.verified), afterCopy: from(asker, after.kept),
      proved: once(look.seen.decision),
    },
  });
  return [
    play({ name: 'What was kept on every host', hosts: world.proxies, become: true, tasks: [kept] }),
    play({ name: 'What was kept on the masters', hosts: world.masters, become: true, tasks: [masters] }),
    play({ name: 'What the leaving masters still have', hosts: world.leaving, become: true, tasks: [secrets] }),
    play({ name: 'Report', hosts: [asker], become: true, tasks: [told] }),
  ];
}

/** When the run began: its id says so. */
function startOf(runId: string): number {
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(runId) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function membersOf(health: Health | undefined): string[] {
  if (health === undefined) return [];
  const leader = leaderOf(health);
  return health.members.map(member => `${member.name || member.id}${member.id === leader ? ' (leader)' : ''}`);
}

function snapshotFacts(host: Host, verified: SnapshotFacts['verified'], kept: SnapshotFacts['kept']): SnapshotFacts {
  return { host: host.name, verified, kept };
}

function nginxFiles({ upstreams }: NginxReading, name: string): string[] {
  return upstreams.filter(upstream => upstream.name === name).flatMap(upstream => [upstream.file, ...upstream.servers.map(server => server.file)]).filter((path, i, list) => list.indexOf(path) === i);
}

/** All that a run may change or put aside on a master. */
function masterFiles(reading: MasterReading, units: readonly Unit[]): string[] {
  if (!('facts' in reading)) return [];
  const { etcd } = reading.facts;
  const pairs = pairsOf(reading.facts).flatMap(pair => [pair.cert, pair.key, requestPath(pair.cert)]);
  const texts = units.flatMap(unit => [...unit.files, ...unit.environmentFiles]).map(each => each.path);
  return [...new Set([...pairs, ...texts, etcd.dataDir, ...(etcd.configFile === undefined ? [] : [etcd.configFile])])];
}

function listOf(values: ReadonlyMap<Host, readonly string[] | Unreachable>, host: Host): readonly string[] {
  const value = values.get(host);
  return value === undefined || isUnreachable(value) ? [] : value;
}
