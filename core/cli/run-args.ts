/** The arguments of a run as data: what job.json and a plan hold, and what `resume` and `apply` run again. */
import { z } from 'zod';
import { UsageError } from '../errors';
import { MASK, redact } from '../secret';
import type { AgainOptions, RunOptions } from './options';
import { soundsSecret } from './secret-names';

const texts = z.array(z.string()).readonly();

/** Everything of the command line that decides what a run does. Paths are as typed, so that the folder may be at another place next time. */
export const runArgs = z.strictObject({
  playbook: z.string(),
  inventory: texts,
  /** As a plain pattern: `@file` and `@failed` are looked up. */
  limit: z.string().exactOptional(),
  set: texts,
  vars: texts,
  tags: texts,
  skipTags: texts,
  startAt: z.string().exactOptional(),
  check: z.boolean(),
  forks: z.number(),
  user: z.string().exactOptional(),
  privateKey: z.string().exactOptional(),
  become: z.boolean(),
  askBecomePassword: z.boolean(),
  becomePasswordFile: z.string().exactOptional(),
  hostKey: z.enum(['strict', 'accept-new']),
  timeout: z.number(),
  lockWait: z.number(),
  ahead: z.boolean().default(true),
}).readonly();

export type RunArgs = z.infer<typeof runArgs>;

/** Arguments without what nobody may read, and the names of that. */
export interface KeptArgs {
  readonly args: RunArgs;
  /** Variables whose value was left out. */
  readonly notKept: readonly string[];
}

/** The arguments behind options. @param limit the pattern that `--limit` stands for */
export function argsOf(playbook: string, options: RunOptions, limit: string | undefined): KeptArgs {
  const { inventory, vars, tags, skipTags, startAt, check, forks, user, privateKey, become, askBecomePassword, becomePasswordFile, hostKey, timeout, lockWait, ahead } = options;
  const secret = options.set.filter(isSecret);
  const args = {
    playbook, inventory, vars, tags, skipTags, check, forks, become, askBecomePassword, hostKey, timeout, lockWait, ahead,
    set: options.set.filter(text => !secret.includes(text)),
    ...(limit === undefined ? {} : { limit }), ...(startAt === undefined ? {} : { startAt }), ...(user === undefined ? {} : { user }),
    ...(privateKey === undefined ? {} : { privateKey }), ...(becomePasswordFile === undefined ? {} : { becomePasswordFile }),
  };
  return { args, notKept: [...new Set(secret.map(nameOf))] };
}

/** What the run that is done again was written down as, for messages. */
export interface Again extends KeptArgs {
  /** `run 2026...` or `the plan p.json`. */
  readonly what: string;
}

/**
 * The options of a run with these arguments.
 * @throws UsageError for a value that is missing, or one that was written down and would be another now
 */
export function optionsOf({ args, notKept, what }: Again, again: AgainOptions): RunOptions {
  const { set, diff, verbose, json, timings, yes, step } = again;
  const names = set.map(nameOf);
  if (redact(JSON.stringify(args)) !== JSON.stringify(args) || JSON.stringify(args).includes(MASK)) {
    throw new UsageError(`${what}: one of its arguments holds a secret and was not written down; start a new run`);
  }
  const other = names.find(name => !notKept.includes(name));
  if (other !== undefined) throw new UsageError(`--set ${other}: ${what} has this value already, or does not take it; for another value start a new run`);
  const missing = notKept.filter(name => !names.includes(name));
  if (missing.length > 0) {
    throw new UsageError(`${what}: the value of ${missing.join(', ')} was not written down, since it is a secret; give it again: ${missing.map(name => `--set ${name}=...`).join(' ')}`);
  }
  return { ...args, set: [...args.set, ...set], diff, verbose, json, timings, yes, step, listHosts: false, listTasks: false, help: false };
}

function isSecret(set: string): boolean {
  return redact(set) !== set || soundsSecret(nameOf(set));
}

function nameOf(set: string): string {
  return set.split('=', 1)[0] ?? set;
}
