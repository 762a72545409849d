/** What a run printed with `--json`, read back. */
import type { RecapEvent, RunnerEvent, TaskEvent } from '../../core/report/events';

/** The events of a run; a last line that a kill cut off is left out. */
export function parseEvents(stdout: string): readonly RunnerEvent[] {
  return stdout.split('\n').slice(0, -1).map(parseEvent);
}

/** One event, one line. @throws SyntaxError when it is none */
export function parseEvent(line: string): RunnerEvent {
  return JSON.parse(line) as RunnerEvent;
}

/** How the tasks ended, in order. */
export function tasksOf(events: readonly RunnerEvent[]): readonly TaskEvent[] {
  return events.filter(event => event.type === 'task');
}

/** The last word of the run; `undefined` when it was killed. */
export function recapOf(events: readonly RunnerEvent[]): RecapEvent | undefined {
  return events.find(event => event.type === 'recap');
}

/** `m1: Begin/Hold the lease: kube-system/decommission-masters holder: null -> run`: what was changed, one line for each. */
export function changesOf(events: readonly RunnerEvent[]): readonly string[] {
  return tasksOf(events).flatMap(({ host, task, changes, status }) => {
    if (changes.length === 0) return status === 'changed' ? [`${host}: ${task}`] : [];
    return changes.map(({ resource, property, from, to }) => `${host}: ${task}: ${resource} ${property}: ${from ?? '-'} -> ${to ?? '-'}`);
  });
}

/** What went wrong, one line for each. */
export function failuresOf(events: readonly RunnerEvent[]): readonly string[] {
  return tasksOf(events).filter(({ status, tolerated }) => (status === 'failed' && tolerated === undefined) || status === 'unreachable' || status === 'unknown')
    .map(({ host, task, status, reason }) => `${host}: ${task}: ${status}: ${reason ?? 'no reason given'}`);
}
