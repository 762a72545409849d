/** SIGKILL for the controller at random moments; the next run has to finish the work. */
import { runsheet } from '../scenario';
import { argumentsFor, type Disturbance } from './decommission';
import { proveRun } from './prove-run';
import { onCluster, type Bench, type CaseContext, type CaseResult, type Proof } from './proof';
import { randomFrom } from './random';

const KILLS = 10;
const LEAVING = ['172.72.0.96', '172.72.0.97'];
/** The stand-in is slower than what it stands for. */
const RATE = 5;
/** Between the start of a task and its end, or somewhat after it. */
const MOST_DELAY_MS = 1500;

export const kills: Proof = {
  name: 'kills',
  title: 'Killed at random moments and run again',
  about: `Three masters and two nodes with the lab's stand-in for Kubernetes (etcd, nginx, systemd and the clients are real; each client asks ${RATE} times a second). The playbook's process gets SIGKILL up to ${MOST_DELAY_MS} ms after a task
has started: a random task of the tenth part of the playbook that the case is for, so that the kills are spread over all of it (seeded: the same tasks each time). Then it runs again. The second
run must finish the work, whatever the first one left half done, with nothing lost and nothing left behind; a third one must change nothing. The same after a Ctrl-C and after a host's
cable was pulled (until the first run had ended); there failed requests do not count, since a host that is cut off cannot ask.`,
  cases: [
    ...Array.from({ length: KILLS }, (_, i) => ({ name: `kill ${i + 1}`, run: (context: CaseContext) => onStandIn(context, bench => momentOf(i, bench)) })),
    { name: 'Ctrl-C', run: context => onStandIn(context, () => ({ after: startOf(/^Cut over .*\/Edit/), by: 'SIGINT' })) },
    { name: 'the cable of a node', run: context => onStandIn(context, () => ({ after: startOf(/^Retire the API server/), by: { cut: '172.72.0.99' } })) },
    { name: 'the cable of a kept master', run: context => onStandIn(context, () => ({ after: startOf(/\/Edit --etcd-servers$/), by: { cut: '172.72.0.95' } })) },
  ],
};

async function onStandIn(context: CaseContext, disturb: (bench: Bench) => Disturbance | Promise<Disturbance>): Promise<CaseResult> {
  return onCluster({ masters: 3, nodes: 2, cluster: { kube: 'stand-in' } }, context, async bench => proveRun(bench, { leaving: LEAVING }, { disturb: await disturb(bench), rate: RATE }));
}

/** A task with such an id begins. */
function startOf(task: RegExp): Disturbance['after'] {
  return event => event.type === 'start' && task.test(event.task);
}

/** A moment within one tenth of the playbook. */
async function momentOf(index: number, { lab, cwd }: Bench): Promise<Disturbance> {
  const random = randomFrom(`kill ${index}`);
  const { stdout } = await runsheet(lab, [...await argumentsFor(lab, { leaving: LEAVING, cwd }), '--list-tasks'], { cwd });
  const tasks = stdout.split('\n').filter(line => /^ {2}\S/.test(line)).map(line => line.trim()).filter(line => !line.startsWith('handler '));
  const chosen = tasks[Math.floor(((index + random()) / KILLS) * tasks.length)];
  if (chosen === undefined) throw new Error('the playbook lists no tasks');
  return { after: event => event.type === 'start' && event.task === chosen, delayMs: Math.floor(random() * MOST_DELAY_MS) };
}
