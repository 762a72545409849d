/** Programs of this machine in the lab's network: timed, bounded, and ended with all of their children. */
import { homedir } from 'node:os';
import { describeError } from '../core/errors';
import { run } from '../lab/command';
import type { ExecOptions, ExecResult } from '../lab/types';
import type { Job, Outcome, Place } from './types';

/** Debian's programs: what else a user may have first in the path (another Python, say) would be another peer. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * All that peers find in their environment: plain output, Debian's path, and no settings of whoever runs the benchmark. NODE_EXTRA_CA_CERTS, say, makes each start of Node
 * read a bundle of certificates first.
 */
const ENVIRONMENT = { PATH, HOME: homedir(), LC_ALL: 'C.UTF-8', NO_COLOR: '1', FORCE_COLOR: '0' };

/** Runs a program in a network namespace, given by its path, in the environment of all peers and what `env` adds to it. As lab/command.ts, whose errors it throws. */
export async function runIn(netns: string, argv: readonly string[], { env, ...options }: ExecOptions = {}): Promise<ExecResult> {
  const environment = Object.entries({ ...ENVIRONMENT, ...env }).map(([name, value]) => `${name}=${value}`);
  return run(['nsenter', `--net=${netns}`, '--', 'env', '-i', ...environment, ...argv], options);
}

/** What a peer says of its run when it has ended, whatever its exit code. */
export interface Account { readonly changed: number; readonly problems: readonly string[] }

/** Times a program. What it prints is read after the clock has stopped. */
export async function timed(job: Job, argv: readonly string[], read: (result: ExecResult) => Account | Promise<Account>, options: Pick<ExecOptions, 'env' | 'cwd'> = {}): Promise<Outcome> {
  const started = performance.now();
  try {
    const result = await runIn(job.place.netns, argv, { ...options, expect: 'any', timeoutMs: job.limitMs, signal: job.signal });
    return { seconds: (performance.now() - started) / 1000, ...await read(result) };
  } catch (error) {
    job.signal.throwIfAborted();
    return { seconds: (performance.now() - started) / 1000, changed: 0, problems: [describeError(error)] };
  }
}

/** `ssh` with the options that all of our own calls use, as one word: host keys are checked, and nobody's own configuration is read. */
export function sshCommand({ keyFile, knownHosts }: Place): string {
  return `ssh -F none -i ${keyFile} -o BatchMode=yes -o UserKnownHostsFile=${knownHosts}`;
}

/** The last lines of what a program said, for a problem. */
export function lastWords({ stdout, stderr }: ExecResult): string {
  return (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' | ');
}
