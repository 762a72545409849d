/** What is wrong with how a play takes its hosts through. */
import { sizeProblem } from './batches';
import { tasksIn, type LaidPlay, type LaidTask } from './layout';
import type { Problems } from './problems';

/** Adds the problems of `serial`, `maxFailPercent`, `strategy` and `rolling`. */
export function verifyStrategy(laid: LaidPlay, problems: Problems): void {
  const { play } = laid;
  for (const problem of [...numberProblems(laid), ...rollingProblems(laid)]) problems.add(`the play "${play.name}" has ${problem}`, play.site);
  for (const { task } of runOnceTasks(laid)) {
    problems.add(laid.strategy === 'free'
      ? `the task "${task.name}" has runOnce in a play with strategy: 'free', where no host waits for another: put it in a play before or after`
      : `the task "${task.name}" has runOnce in the drain, gate or undrain of a rolling play, which are for each host: leave runOnce out`, task.site);
  }
}

function* numberProblems({ play, anyErrorsFatal }: LaidPlay): Iterable<string> {
  const { serial, maxFailPercent } = play;
  const wrong = serial === undefined ? undefined : sizeProblem(serial);
  if (wrong !== undefined) yield `serial: ${wrong}`;
  if (maxFailPercent === undefined) return;
  if (!(maxFailPercent >= 0 && maxFailPercent <= 100)) yield `maxFailPercent: ${maxFailPercent}; it must be a number from 0 to 100`;
  if (anyErrorsFatal) yield 'maxFailPercent, but errors are fatal here, so one failure ends the run: set anyErrorsFatal: false, or leave it out';
}

function* rollingProblems({ play, strategy, anyErrorsFatal }: LaidPlay): Iterable<string> {
  const { rolling, serial, maxFailPercent } = play;
  if (strategy !== 'rolling') {
    if (rolling !== undefined) yield `rolling, but its strategy is ${strategy}: set strategy: 'rolling'`;
    return;
  }
  if (serial !== undefined) yield 'serial, but hosts take turns by strategy: \'rolling\': give the number of hosts as rolling.batch';
  if (maxFailPercent !== undefined) yield 'maxFailPercent, but hosts take turns by strategy: \'rolling\': give the number of failures as rolling.maxFailures';
  const { batch, maxFailures } = rolling ?? {};
  const wrong = batch === undefined ? undefined : sizeProblem(batch);
  if (wrong !== undefined) yield `rolling.batch: ${wrong}`;
  if (maxFailures === undefined) return;
  if (!(Number.isInteger(maxFailures) && maxFailures >= 0)) yield `rolling.maxFailures: ${maxFailures}; it must be a whole number of hosts, 0 or more`;
  else if (maxFailures > 0 && anyErrorsFatal) yield 'rolling.maxFailures, but errors are fatal here, so one failure ends the run: set anyErrorsFatal: false, or leave it out';
}

/** Tasks that run once where each host is meant. */
function runOnceTasks({ strategy, parts }: LaidPlay): readonly LaidTask[] {
  const each = parts.filter(part => strategy === 'free' || part.kind !== 'tasks').flatMap(part => tasksIn(part.steps));
  return each.filter(({ task }) => task.options.runOnce === true);
}
