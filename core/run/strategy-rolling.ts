/** The strategy `rolling`: hosts in turn, out of service before their tasks and back only once their gate holds. */
import type { Host } from '../inventory/host';
import { tasksIn, type LaidPart } from './layout';
import { runPart, type Stage } from './stage';
import type { Run } from './state';

/** Takes a batch through drain, tasks, gate and undrain; whoever fails goes no further. @returns why no other batch may start */
export async function runRolling(stage: Stage, hosts: readonly Host[]): Promise<string | undefined> {
  const { run, play } = stage;
  const finished = new Map<LaidPart['kind'], readonly Host[]>();
  let refused: readonly Host[] = [];
  for (const part of play.parts.filter(each => isSelected(run, each))) {
    const entering = run.left(hosts);
    if (run.ends(false) || entering.length === 0) break;
    await runPart(stage, part.steps, entering);
    finished.set(part.kind, run.ends(false) ? [] : run.left(entering));
    if (part.kind === 'gate') refused = entering.filter(host => run.whyGone(host) !== undefined);
  }
  tellOutOfService(stage, hosts, finished);
  return refused.length > 0 ? `the gate of ${refused.map(host => host.name).join(', ')} did not hold` : tooManyFailed(stage);
}

function isSelected(run: Run, { steps }: LaidPart): boolean {
  return tasksIn(steps).some(task => run.isSelected(task));
}

/** Names the hosts that were taken out of service and are not back. */
function tellOutOfService({ run, play }: Stage, hosts: readonly Host[], finished: ReadonlyMap<LaidPart['kind'], readonly Host[]>): void {
  const drain = play.parts.find(part => part.kind === 'drain');
  if (run.check || drain === undefined || !isSelected(run, drain)) return;
  const last = play.parts.filter(part => isSelected(run, part)).at(-1) ?? drain;
  for (const host of hosts.filter(each => finished.get(last.kind)?.includes(each) !== true)) {
    const is = finished.get('drain')?.includes(host) === true ? 'stays' : 'may be';
    const why = run.whyGone(host) ?? 'the run ended before it was back';
    run.events.notice('warning', `"${play.play.name}": ${host.name} ${is} out of service, since ${why}`);
  }
}

function tooManyFailed({ run, play, entered }: Stage): string | undefined {
  const allowed = play.play.rolling?.maxFailures ?? 0;
  const failed = entered.length - run.left(entered).length;
  if (failed <= allowed) return undefined;
  return allowed === 0 ? 'a host of this batch failed' : `${failed} hosts failed and maxFailures is ${allowed}`;
}
