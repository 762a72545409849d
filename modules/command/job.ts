/** Commands that take so long that they must outlive the connection. */
import { setTimeout as pause } from 'node:timers/promises';
import { milliseconds, parseDuration, type Duration } from '../../core/duration';
import { CheckError } from '../../core/errors';
import { command, live, type Imperative } from '../../core/module';
import { cmd, lines, type Command } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { stateFolder } from '../../core/transport/host-state';
import { callProblems, commandOf, nameOf, type Call } from './call';

export interface JobParams extends Pick<Call, 'command' | 'env' | 'chdir' | 'expect'> {
  /** Names the job on the host, `reindex`: a later run that finds one of this name at work waits for it instead of starting another. */
  readonly name: string;
  /** Pause between two looks, `5s` unless said. */
  readonly every?: Duration;
}

/** How the job ended. */
export interface JobDone {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It was started by an earlier run. */
  readonly attached: boolean;
}

/** `lost`: it is no longer at work and left no exit code, because the host restarted or somebody killed it. */
type Standing = (typeof STANDINGS)[number];
const STANDINGS = ['none', 'running', 'ended', 'lost'] as const;

const DEFAULT_EVERY = '5s';

/**
 * Starts a command on the host in a session of its own and waits for it. When the link is lost, the time limit is over, or the controller is gone, it
 * goes on: the next run with the same task finds it at work, or its outcome, and waits for it or takes it. Ctrl-C leaves it at work too.
 * It reads nothing, and what it prints is kept on the host until its outcome was taken. Give the task a `timeout` that is long enough.
 *
 *     task('Rebuild the index', command.job({ name: 'reindex', command: cmd`/opt/search/reindex --all` }), { timeout: '6h' })
 *
 * Needs setsid(1).
 * @see setsid(1)
 */
export function job(params: JobParams): Imperative<JobDone> {
  return working(params);
}

const working = command<JobParams, Standing, JobDone>({
  name: 'command.job',
  subject: ({ name }) => name,
  validate: params => [
    ...callProblems(params),
    ...(/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(params.name) ? [] : [`"${params.name}" is no name for a job: letters, digits, dots, - and _`]),
    ...(params.every === undefined || parseDuration(params.every) !== undefined ? [] : [`\`every\` is no duration: "${params.every}"`]),
  ],
  before: params => live(async on => (await standing(on, params)).standing),
  describe,
  run: async (on, { params, before }) => {
    if (before === 'none' || before === 'lost') await start(on, params);
    await wait(on, params);
    return await take(on, params, before === 'running' || before === 'ended');
  },
  verify: (_on, { params, value }) => Promise.resolve(params.expect === 'any' || (params.expect ?? [0]).includes(value.code) || `it ended with exit code ${value.code}${lastLines(value.stderr)}`),
  // There is always something to do: to start it, to wait for it, or to take its outcome.
  idle: () => ({ code: 0, stdout: '', stderr: '', attached: false }),
});

function describe(is: Standing, params: JobParams): string {
  switch (is) {
    case 'none': return `run ${nameOf(params)}`;
    case 'running': return `wait for ${params.name}, which an earlier run started`;
    case 'ended': return `take the outcome of ${params.name}, which an earlier run started`;
    case 'lost': return `run ${nameOf(params)} again: the one that an earlier run started is gone and left no exit code`;
    default: return is satisfies never;
  }
}

function folderOf(on: Target, { name }: JobParams): Command {
  return cmd`${stateFolder(on.host, 'jobs')}/${name}`;
}

/** How it stands, and the last line that it printed. A process of the same number is another one when it started at another time. */
async function standing(on: Target, params: JobParams): Promise<{ readonly standing: Standing; readonly line: string }> {
  const { stdout } = await on.run(lines(
    cmd`cd -- ${folderOf(on, params)} 2>/dev/null || { echo none; exit 0; }`,
    cmd`read -r pid since <started || { echo lost; exit 0; }`,
    // A zombie is gone: only nobody has asked for it yet.
    cmd`alive() { case "$(cut -d' ' -f3,22 "/proc/$pid/stat" 2>/dev/null)" in Z*) return 1 ;; *" $since") return 0 ;; *) return 1 ;; esac; }`,
    cmd`if alive; then echo running; elif [ -e code ]; then echo ended; else echo lost; fi`,
    cmd`tail -n 1 stdout 2>/dev/null || :`,
  ));
  const [word, line = ''] = stdout.split('\n');
  return { standing: STANDINGS.find(each => each === word) ?? 'none', line };
}

async function start(on: Target, params: JobParams): Promise<void> {
  const folder = folderOf(on, params);
  const surroundings = Object.entries(params.env ?? {}).map(([name, value]) => cmd`export ${name}=${value}`);
  const work = lines(
    cmd`echo "$$ $(cut -d' ' -f22 /proc/$$/stat 2>/dev/null)" >started.new && mv started.new started || exit 1`,
    cmd`here=$PWD`,
    cmd`(`,
    cmd`cd -- ${params.chdir ?? '/'} || exit 1`,
    ...surroundings,
    commandOf(params),
    cmd`) >stdout 2>stderr`,
    cmd`echo $? >"$here"/code.new && mv "$here"/code.new "$here"/code`,
  );
  await on.run(lines(
    cmd`set -e; umask 077; rm -rf -- ${folder}; mkdir -p -- ${folder}; cd -- ${folder}`,
    cmd`setsid sh -c ${work.text} </dev/null >/dev/null 2>&1 &`,
    cmd`n=0; while [ ! -e started ]; do n=$((n + 1)); [ $n -lt 100 ] || { echo "it did not start: is there a setsid on this host?" >&2; exit 1; }; sleep 0.1; done`,
  ), { channel: 'own' });
}

async function wait(on: Target, params: JobParams): Promise<void> {
  for (;;) {
    const { standing: now, line } = await standing(on, params);
    if (now === 'ended') return;
    if (now !== 'running') throw new CheckError(`${on.host.name}: ${params.name} is gone and left no exit code: the host restarted, or somebody killed it`);
    on.say(line);
    await pause(milliseconds(params.every ?? DEFAULT_EVERY), undefined, { signal: on.signal });
  }
}

/** Reads how it ended and clears up. */
async function take(on: Target, params: JobParams, attached: boolean): Promise<JobDone> {
  const folder = folderOf(on, params);
  const read = async (file: string): Promise<string> => (await on.run(cmd`cat ${folder}/${file}`)).stdout;
  const done = { code: Number(await read('code')), stdout: await read('stdout'), stderr: await read('stderr'), attached };
  await on.run(cmd`rm -rf -- ${folder}`);
  return done;
}

function lastLines(text: string): string {
  const last = text.trimEnd().split('\n').slice(-5).join('\n');
  return last === '' ? '' : `: ${last}`;
}
