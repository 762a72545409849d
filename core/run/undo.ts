/** Keeps what a rollback needs of each change: copies on the host and a line in the record before it, what it left after it. */
import { CommandError, isRunnerError, messageOf } from '../errors';
import type { Action, WayBack } from '../module';
import type { Target } from '../transport/connection';
import type { UndoLog } from './undo-log';
import { lookAt, readLooks } from './undo-look';
import type { ChangeLine, PathAfter } from './undo-record';
import { keepCommand, MOST_COPIED } from './undo-scripts';

/** Which task on which host, as which user. */
export interface UndoPlace {
  readonly task: string;
  readonly name: string;
  /** `undefined`: the login user. */
  readonly become: string | undefined;
}

/** A change that is about to be made. */
export interface Changing {
  readonly action: Pick<Action<unknown>, 'module' | 'subject' | 'effect'>;
  readonly back: WayBack;
  readonly on: Target;
}

type Kept = Pick<ChangeLine, 'copies' | 'paths' | 'barrier'>;

/** Exit code of the copying script: there is too much to copy. */
const TOO_LARGE = 3;

/** Keeps the changes of one task on one host. */
export class UndoKeeper {
  /** @param warn told what cannot be rolled back although its module could */
  constructor(private readonly log: UndoLog, private readonly place: UndoPlace, private readonly warn: (text: string) => void) {}

  /**
   * Makes a change between the two lines of its record.
   * @param make gets the look that is done after it
   * @throws what the change throws, and when the host is gone before it
   */
  async around<T>(changing: Changing, make: (then?: (on: Target) => Promise<unknown>) => Promise<T>): Promise<T> {
    const { on } = changing;
    const seq = this.log.next();
    const kept = await this.#keep(changing, seq);
    await this.log.append(this.#line(changing, seq, kept));
    try {
      return await (kept.paths.length === 0 ? make() : make(target => lookAt(target, kept.paths)));
    } finally {
      const left = await look(on, kept.paths);
      if (left !== undefined) await this.log.append({ v: 1, type: 'left', seq, at: now(), left });
    }
  }

  #line({ action, back, on }: Changing, seq: number, kept: Kept): ChangeLine {
    const { task, name, become = null } = this.place;
    return {
      v: 1, type: 'change', seq, at: now(), task, name, host: on.host.name, become, module: action.module, subject: action.subject, effect: action.effect,
      ...(back.exists ? {} : { barrier: `${action.module} cannot be taken back` }),
      ...kept,
      calls: back.undo(on.runId),
      ...(back.again === undefined ? {} : { again: back.again }),
      ...(back.instead === undefined ? {} : { instead: back.instead }),
    };
  }

  /** Copies what the change may touch. Where that is impossible the change is made all the same, and no rollback goes back past it. */
  async #keep({ action, back, on }: Changing, seq: number): Promise<Kept> {
    const touched = back.touches(on.runId);
    if (touched.length === 0) return { paths: [] };
    const what = `${action.module} ${action.subject}`;
    try {
      const result = await on.run(keepCommand(on.host, touched, { runId: on.runId, seq }), { expect: [0, TOO_LARGE] });
      if (result.code === TOO_LARGE) {
        return { paths: [], barrier: `what ${what} changed is too large to be copied (${Math.ceil(Number(result.stdout.trimEnd().split('\n').at(-1)) / 1024)} MB, at most ${MOST_COPIED / 1024} are)` };
      }
      const [copies = ''] = result.stdout.split('\n', 1);
      return { copies, paths: readLooks(on.host.name, result, 1).map(({ is, ...rest }) => ({ ...rest, was: is })) };
    } catch (error) {
      if (!(error instanceof CommandError) || on.signal.aborted) throw error;
      const barrier = `no copy of what ${what} changed could be kept: ${messageOf(error)}`;
      this.warn(`this run cannot be rolled back past "${this.place.name}": ${barrier}`);
      return { paths: [], barrier };
    }
  }
}

/** What is there now; `undefined` where it cannot be told: a cancel, or the host is gone. */
async function look(on: Target, paths: ChangeLine['paths']): Promise<readonly PathAfter[] | undefined> {
  try {
    return (await lookAt(on, paths)).map(({ is, dirTime }) => ({ is, dirTime }));
  } catch (error) {
    if (isRunnerError(error)) return undefined;
    throw error;
  }
}

function now(): string {
  return new Date().toISOString();
}
