/** The border where events leave the engine: stamped, and with every known secret masked. */
import { EVENT_VERSION, type RunnerEvent } from '../report/events';
import { redactData } from '../secret';

type Unstamped<E> = E extends RunnerEvent ? Omit<E, 'v' | 'run' | 'at'> : never;

/** An event as the engine makes it. */
export type EventBody = Unstamped<RunnerEvent>;

/** At most five lines a second from one host: more cannot be read and would drown the other events. */
const PROGRESS_MS = 200;

/** Sends the events of one run. */
export class Emitter {
  constructor(private readonly runId: string, private readonly send: (event: RunnerEvent) => void) {}

  emit(body: EventBody): void {
    this.send(redactData({ v: EVENT_VERSION, run: this.runId, at: new Date().toISOString(), ...body }));
  }

  notice(level: 'info' | 'warning', text: string, host?: string): void {
    this.emit({ type: 'notice', level, text, ...(host === undefined ? {} : { host }) });
  }

  /** Progress lines of one task on one host; of several within 200 ms the last one is sent. Call `end` when the task has ended. */
  progress(task: string, host: string): { readonly say: (line: string) => void; readonly end: () => void } {
    let latest = '';
    let sentAt = -Infinity;
    let timer: NodeJS.Timeout | undefined;
    const flush = (): void => {
      timer = undefined;
      sentAt = performance.now();
      this.emit({ type: 'progress', task, host, line: latest });
    };
    const say = (line: string): void => {
      latest = line;
      const wait = sentAt + PROGRESS_MS - performance.now();
      if (wait <= 0) flush();
      else timer ??= setTimeout(flush, wait);
    };
    return { say, end: () => clearTimeout(timer) };
  }
}
