/** Commands that change something. */
import { command, live, steps, type Imperative, type Look } from '../../core/module';
import type { CommandResult, Target } from '../../core/transport/connection';
import { foreseenThere } from '../file/foreseen';
import { foretellPath } from '../file/foretell';
import { hostState } from '../file/path-state';
import { callProblems, commandOf, maskOutput, nameOf, optionsOf, type Call } from './call';

export interface RunParams extends Call {
  /** An absolute path. Where it exists nothing needs to be done; afterwards it must exist. One that may not be seen is an error, not absent. */
  readonly creates?: string;
  /** An absolute path. Where it does not exist nothing needs to be done; afterwards it must be gone. One that may not be seen is an error, not absent. */
  readonly removes?: string;
  /** What brings the old state back in a rollback, or `nothing` where nothing needs to. Default: what `creates` and `removes` name is put back; without them no rollback goes back past this command. */
  readonly undo?: Call['command'] | 'nothing';
}

/** How the command ended. */
export interface Ran extends CommandResult {
  /** Was it run? `false` where `creates` or `removes` said that nothing needs to be done; the rest is then empty and the code 0. */
  readonly ran: boolean;
}

/** Which of the named paths are there. */
interface Before {
  readonly creates: boolean;
  readonly removes: boolean;
}

const running = command<RunParams, Before, Ran>({
  name: 'command.run',
  subject: nameOf,
  validate: params => [...callProblems(params), ...pathProblems(params)],
  before: look,
  describe: (before, params) => (isNeeded(before, params) ? `run ${nameOf(params)}` : undefined),
  run: async (on, { params }) => {
    const say = params.secretOutput === true ? {} : { onLine: (line: string) => on.say(line) };
    const result = await on.run(commandOf(params), { ...optionsOf(params), ...say });
    if (params.secretOutput === true) maskOutput(result);
    return { ...result, ran: true };
  },
  verify: async (on, { params }) => {
    if (params.creates === undefined && params.removes === undefined) return true;
    const after = await existing(on, params);
    if (params.creates !== undefined && !after.creates) return `${params.creates} does not exist afterwards`;
    if (params.removes !== undefined && after.removes) return `${params.removes} still exists afterwards`;
    return true;
  },
  foretell: async (on, { params: { creates, removes }, foreseen }) => {
    // What else it does nobody knows.
    foreseen.lose();
    if (removes !== undefined) await foretellPath(on, removes, { kind: 'absent' });
    if (creates !== undefined) await foretellPath(on, creates, { kind: 'made', mtime: foreseen.tick() });
  },
  touches: (_before, { creates, removes }) => {
    const paths = [creates, removes].filter(path => path !== undefined);
    return paths.length === 0 ? undefined : paths;
  },
  undo: (_before, { undo, env, chdir }) => {
    if (undo === undefined) return undefined;
    if (undo === 'nothing') return [];
    return [{ module: 'command.run', params: { command: undo, env, chdir } }];
  },
  instead: 'undo by hand what it did; with `undo` or `creates` the playbook can say how',
  idle: (_before, params) => ({ command: nameOf(params), code: 0, stdout: '', stderr: '', bytes: Buffer.alloc(0), ms: 0, ran: false }),
});

/**
 * Runs a command, in a process group of its own; what it prints is shown line by line while it runs. In check mode it is only named.
 * It counts as a change each time: say `creates` or `removes` where a second run has nothing to do, and use command.read for what only looks.
 *
 *     command.run({ command: cmd`tar -xzf ${archive} -C /opt`, creates: '/opt/etcd' })
 */
export function run(params: RunParams): Imperative<Ran> {
  return running(params);
}

function look(params: RunParams): Look<Before> {
  if (params.creates === undefined && params.removes === undefined) return live(() => Promise.resolve({ creates: false, removes: false }));
  return steps(async on => {
    const now = await existing(on, params);
    if (on.foreseen?.isEmpty !== false) return now;
    const will = async (path: string | undefined, is: boolean): Promise<boolean> => (path === undefined ? is : await foreseenThere(on, path) ?? is);
    return { creates: await will(params.creates, now.creates), removes: await will(params.removes, now.removes) };
  });
}

/** A link that leads nowhere exists too. */
async function existing(on: Target, params: RunParams): Promise<Before> {
  const is = async (path: string | undefined): Promise<boolean> => path !== undefined && (await hostState(on, path, { follow: false })).facts !== undefined;
  const [creates, removes] = await Promise.all([is(params.creates), is(params.removes)]);
  return { creates, removes };
}

function isNeeded(before: Before, { creates, removes }: RunParams): boolean {
  return !(creates !== undefined && before.creates) && !(removes !== undefined && !before.removes);
}

function pathProblems({ creates, removes }: RunParams): string[] {
  return Object.entries({ creates, removes })
    .filter(([, path]) => path !== undefined && !path.startsWith('/'))
    .map(([name, path]) => `\`${name}\` must be an absolute path, not "${path ?? ''}"`);
}
