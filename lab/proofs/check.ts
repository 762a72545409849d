/** Check mode next to the run after it. */
import { agreementOf, type Agreement } from './agreement';
import { complaintsOf, decommission } from './decommission';
import { onCluster, type Bench, type CaseContext, type CaseResult, type Proof } from './proof';
import { bestKube } from './real';
import { readTrees, treeChanges } from './trees';

const LEAVING = ['172.72.0.96', '172.72.0.97'];

export const check: Proof = {
  name: 'check',
  title: 'Check mode agrees with the run',
  about: `\`--check\` before the run: nothing may change on any host (type, mode, owner, time and hash of everything in /etc, /approot, /opt, /root, /home, /usr/local and /var/lib, without what changes by itself,
are compared), and its list of changes is compared with what the run then does, by task, host, resource and property. What only acting would tell, check mode has to name as unknown; a change in
a task of which it said nothing is a failure. Every disagreement is listed.`,
  cases: [
    { name: 'the stand-in', run: context => compared('stand-in', context) },
    { name: 'the best cluster here', run: async context => compared(await bestKube(), context) },
  ],
};

async function compared(kube: 'real' | 'stand-in' | 'none', context: CaseContext): Promise<CaseResult> {
  return onCluster({ masters: 3, nodes: 2, cluster: { kube } }, context, bench => compare(bench, kube));
}

async function compare({ lab, cwd }: Bench, kube: string): Promise<CaseResult> {
  const before = await readTrees(lab);
  const checked = await decommission(lab, { leaving: LEAVING, cwd, check: true });
  const changed = treeChanges(before, await readTrees(lab));
  const run = await decommission(lab, { leaving: LEAVING, cwd });
  const agreement = agreementOf(checked.events, run.events);
  const planned = checked.recap?.planned;
  return {
    figures: {
      cluster: kube, 'check, s': Math.round(checked.seconds), 'run, s': Math.round(run.seconds), 'paths changed by the check': changed.length,
      'tasks planned exactly': planned === undefined ? '-' : `${planned.exact} of ${planned.total}`, ...agreementFigures(agreement),
    },
    problems: [...complaintsOf(checked), ...complaintsOf(run), ...changed.map(each => `the check changed ${each}`), ...agreement.unlisted.map(each => `check mode did not list ${each}`)],
    notes: disagreementsOf(agreement).map(each => each.replaceAll(`${cwd}/`, '')),
  };
}

/** The numbers of an agreement. */
export function agreementFigures({ named, made, agreed, open, notMade, otherValues }: Agreement): Record<string, number> {
  return { 'changes named': named, 'changes made': made, agreed, 'made where the check said unknown': open.length, 'named and not made': notMade.length, 'other values': otherValues.length };
}

/** Every disagreement, one line for each, hosts with the same one together. */
export function disagreementsOf({ open, others, notMade, otherValues }: Agreement): readonly string[] {
  return [
    ...byHosts(open).map(each => `made where check mode said that only the run would tell: ${each}`),
    ...byHosts(others).map(each => `made in a task of which check mode named other changes: ${each}`),
    ...byHosts(notMade).map(each => `named by check mode and not made: ${each}`),
    ...byHosts(otherValues),
  ];
}

/** `m1: x` and `m2: x` become `m1, m2: x`. */
function byHosts(lines: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const line of lines) {
    const [host = '', ...rest] = line.split(': ');
    const text = rest.join(': ');
    groups.set(text, [...groups.get(text) ?? [], host].sort());
  }
  return [...groups].map(([text, hosts]) => `${hosts.join(', ')}: ${text}`);
}
