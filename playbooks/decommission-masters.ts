/**
 * Takes masters out of a binary-deployed Kubernetes cluster; they stay workers. Not one API request fails.
 *
 *     runsheet run playbooks/decommission-masters.ts -i inventory.ini --set leaving=172.72.0.96,172.72.0.97
 *
 * The order is the point: whatever stays is prepared while those who leave still serve; then clients are cut over; then the leaving masters
 * are retired from the outside in. Every step decides from the live state, so a run that was killed anywhere is finished by the next one.
 * docs/decommission.md explains each step and the hazard that it is for.
 */
import { once, play, playbook, runIfMain, task, type Play, type PlaybookContext } from '../core';
import * as confirm from '../modules/confirm';
import * as flow from '../modules/flow';
import * as report from '../modules/report';
import { announcement, question } from './decommission-masters/announce';
import { reconfigureApiservers } from './decommission-masters/apiservers';
import { backup, type Snapshot } from './decommission-masters/backup';
import { begin, restartControllers } from './decommission-masters/begin';
import { reissueCertificates } from './decommission-masters/certificates';
import type { Context } from './decommission-masters/context';
import { initialCluster } from './decommission-masters/initial-cluster';
import { deadAreOff, moveLeader, removeDead, removeMembers } from './decommission-masters/members';
import { observe, refusal } from './decommission-masters/observe';
import { end, lookAgain, prove } from './decommission-masters/proof';
import { cutOver, verifyCutOver } from './decommission-masters/proxies';
import { tell } from './decommission-masters/report';
import { retireApiservers, retireControllers, retireEtcd, wipeKeys, writeEverywhere } from './decommission-masters/retire';
import { schema, type Vars } from './decommission-masters/vars';
import { worldOf, wrongChoice } from './decommission-masters/world';

export default playbook({
  name: 'Decommission masters',
  description: 'Takes masters out of a binary-deployed Kubernetes cluster (they stay workers) without one failed API request. Groups: masters, nodes.',
  vars: schema,
  anyErrorsFatal: true,
  refuse: ({ vars, inventory, selected }) => wrongChoice(worldOf(vars, inventory), vars, { inventory, selected }),
  plays: plays,
});

function plays({ vars, inventory, runId }: PlaybookContext<Vars>): readonly Play[] {
  const world = worldOf(vars, inventory);
  const seen = observe(vars, world);
  const context: Context = { ...seen, vars, world, runId, decision: once(seen.decision) };
  const before = backup(context, 'before');
  return [
    ...seen.plays,
    ...deadAreOff(context),
    refusal(seen, world),
    ask(context),
    begin(context),
    before.play,
    ...removeDead(context),
    ...reissueCertificates(context),
    ...reconfigureApiservers(context),
    ...restartControllers(context),
    cutOver(context),
    ...verifyCutOver(context),
    ...retireControllers(context),
    ...retireApiservers(context),
    writeEverywhere(context, 'Write from every node through the kept API servers').play,
    moveLeader(context),
    removeMembers(context),
    retireEtcd(context),
    ...(vars.etcdRestart === 'rolling' ? [] : [initialCluster(context)]),
    ...finish(context, before),
  ];
}

/** Proofs, the second look, the report. */
function finish(context: Context, before: Snapshot): readonly Play[] {
  const { play: written, write } = writeEverywhere(context, 'Write from every node to the smaller cluster');
  const proof = prove(context);
  const after = backup(context, 'after');
  const look = lookAgain(context);
  return [
    written, proof.play, after.play,
    ...(context.vars.wipeKeys ? [wipeKeys(context)] : []),
    ...look.plays,
    ...tell(context, { before, after, write, proof, look }),
    end(context, proof),
  ];
}

function ask({ decision, world, vars }: Context): Play {
  const told = task('Say what will be done', ({ decision: plan }) => report.print({ text: announcement(plan, world, vars) }), { uses: { decision } });
  const done = task('End here where nothing is left to do', flow.end({ text: 'the masters have left already' }), { uses: { decision }, when: ({ decision: plan }) => plan.reached });
  const agreed = task('Ask', confirm.ask({ text: question(world) }));
  return play({ name: 'What will be done', hosts: world.kept.slice(0, 1), tasks: [told, done, agreed] });
}

runIfMain(module);
