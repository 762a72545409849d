/** A decommission that is taken back half-way, before and after the first member was removed: the cluster serves all the time. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerEvent } from '../../core/report/events';
import { startClients } from '../clients/clients';
import { clusterStatus } from '../cluster/status';
import { runsheet } from '../scenario';
import { complaintsOf, decommission, type Decommissioned } from './decommission';
import { changesOf, failuresOf, parseEvents, recapOf } from './events';
import { deviationsOf } from './outcome';
import { figuresOf, fromClients, whenFailed } from './prove-run';
import { onCluster, type Bench, type CaseResult, type Proof } from './proof';
import { tracesOf } from './traces';
import { readTrees, treeChanges } from './trees';

const LEAVING = ['172.72.0.96', '172.72.0.97'];
/** The stand-in is slower than what it stands for. */
const RATE = 5;
const CLIENTS = ['172.72.0.95', '172.72.0.96', '172.72.0.98'];
/** Links that systemctl makes anew, the directory in which it does, the snapshot, which stays, and where copies lie. */
const OWN_WAYS = /: \/(?:etc\/systemd\/system\/multi-user\.target\.wants(?:\/\S+)?|var\/lib(?:\/runsheet(?:\/\S+)?)?): /;

export const rollback: Proof = {
  name: 'rollback',
  title: 'Taken back half-way',
  about: `Three masters and two nodes with the lab's stand-in for Kubernetes. The playbook's process gets SIGKILL, and \`runsheet rollback\` takes back what it did, while clients on three hosts ask ${RATE} times a second each.
Right before the first member leaves etcd, the whole cluster must be as it was, its files byte for byte. Right after it, the rollback goes back to that removal and no further, and says so; a second run must then finish the work.`,
  cases: [
    { name: 'before the first member is removed', run: context => onStandIn(context, wholeWay) },
    { name: 'after the first member was removed', run: context => onStandIn(context, toTheBarrier) },
  ],
};

type Context = Parameters<Proof['cases'][number]['run']>[0];

function onStandIn(context: Context, prove: (bench: Bench) => Promise<CaseResult>): Promise<CaseResult> {
  return onCluster({ masters: 3, nodes: 2, cluster: { kube: 'stand-in' } }, context, prove);
}

async function wholeWay(bench: Bench): Promise<CaseResult> {
  const { lab, cwd } = bench;
  const [trees, status] = [await readTrees(lab), await clusterStatus(lab)];
  const clients = await startClients(lab, { hosts: CLIENTS, rate: RATE });
  const run = await decommission(lab, { leaving: LEAVING, cwd, disturb: { after: event => event.type === 'play' && event.name === 'Members leave etcd' } });
  const back = await takeBack(bench);
  const totals = await clients.stop();
  const again = await takeBack(bench);
  const now = await clusterStatus(lab);
  return {
    figures: { 'changes made': run.changes.length, 'taken back': back.changes.length, ...figuresOf(back, totals), 'changes of a second rollback': again.changes.length },
    problems: [
      ...(run.code === 0 ? ['the run ended before it was killed'] : []), ...complaintsOf(back), ...complaintsOf(again), ...again.changes.map(change => `a second rollback changed ${change}`), ...fromClients(totals),
      ...treeChanges(trees, await readTrees(lab)).filter(line => !OWN_WAYS.test(line)),
      ...(serving(status) === serving(now) ? [] : [`the cluster is not as before: ${serving(now)}, was ${serving(status)}`]),
      ...await tracesOf(lab, 75_000),
    ],
    notes: whenFailed(totals, [run, back]),
  };
}

async function toTheBarrier(bench: Bench): Promise<CaseResult> {
  const { lab, cwd } = bench;
  const clients = await startClients(lab, { hosts: CLIENTS, rate: RATE });
  const removed = (event: RunnerEvent): boolean => event.type === 'task' && event.status === 'changed' && /^Members leave etcd\/Remove/.test(event.task);
  const run = await decommission(lab, { leaving: LEAVING, cwd, disturb: { after: removed } });
  const back = await takeBack(bench);
  const finish = await decommission(lab, { leaving: LEAVING, cwd });
  const totals = await clients.stop();
  const said = /leaves "Remove .*since etcd\.memberAbsent cannot be taken back; instead: let it join again as a learner/.test(back.stderr);
  return {
    figures: { 'changes made': run.changes.length, 'taken back': back.changes.length, ...figuresOf(back, totals), 'changes of the run that finished it': finish.changes.length },
    problems: [
      ...(run.code === 0 ? ['the run ended before it was killed'] : []), ...(said ? complaintsOf({ ...back, stderr: '' }) : [`the rollback did not say where it stops: ${back.stderr}`]), ...complaintsOf(finish), ...fromClients(totals),
      ...await deviationsOf(lab, { leaving: LEAVING }), ...await tracesOf(lab, 75_000),
    ],
    notes: whenFailed(totals, [run, back, finish]),
  };
}

/** Takes the first run of the folder back. */
async function takeBack({ lab, cwd }: Bench): Promise<Decommissioned> {
  const [run = ''] = (await readdir(join(cwd, '.runsheet', 'runs'))).sort();
  const started = performance.now();
  const { code, stdout, stderr } = await runsheet(lab, ['rollback', run, '--yes', '--include-unfinished', '--json'], { cwd });
  const events = parseEvents(stdout);
  return { code, events, stderr, seconds: (performance.now() - started) / 1000, recap: recapOf(events), changes: changesOf(events), failures: failuresOf(events) };
}

/** Members, endpoints, nodes and units in words; who leads may change. */
function serving(status: Awaited<ReturnType<typeof clusterStatus>>): string {
  if (status === undefined) return 'nothing';
  const { members, endpoints, ready, units } = status;
  return JSON.stringify({ members: members.map(({ name }) => name).sort(), endpoints: [...endpoints].sort(), ready: [...ready].sort(), units });
}
