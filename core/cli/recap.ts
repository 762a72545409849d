/** The last event of a run that the engine could not end itself. */
import { EVENT_VERSION, type RecapEvent } from '../report/events';
import { redact } from '../secret';

/** @param stopped why it ended */
export function recapFor({ runId, exit, check, stopped }: { runId: string; exit: number; check: boolean; stopped: string }): RecapEvent {
  return { v: EVENT_VERSION, run: runId, at: new Date().toISOString(), type: 'recap', exit, check, hosts: {}, ms: Math.round(performance.now()), stopped: redact(stopped) };
}
