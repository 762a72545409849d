/** What running and reading have in common: how a command is given. */
import { Secret } from '../../core/secret';
import { cmd, type Command } from '../../core/transport/command';
import type { RunOptions } from '../../core/transport/connection';
import { milliseconds, parseDuration, type Duration } from '../../core/duration';

/** A command and its surroundings. */
export interface Call {
  /** `` cmd`systemctl show ${unit}` ``, where every value is quoted, or a program and its arguments: `['systemctl', 'show', unit]`. */
  readonly command: Command | readonly string[];
  /** Variables added to the fixed environment (LC_ALL=C, a PATH with sbin). They can be read by the host's users: no secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** The directory to run in, absolute. Default: the user's home. */
  readonly chdir?: string;
  /** What it reads; a `Secret` is never shown and never in an argument. Default: nothing. */
  readonly stdin?: string | Buffer | Secret;
  /** Exit codes that are answers; any other is a failure. `'any'` where the task's `failedWhen` judges. Default `[0]`. */
  readonly expect?: readonly number[] | 'any';
  /** Time limit; then its whole process group is killed. Default: the task's. */
  readonly timeout?: Duration;
  /** Its output is a secret: it is masked wherever it would be printed, and not written to the journal. */
  readonly secretOutput?: boolean;
}

/** What is wrong with it, each a sentence. */
export function callProblems({ command, env = {}, chdir, expect, timeout }: Call): string[] {
  const problems = Object.keys(env).filter(name => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)).map(name => `"${name}" is no name for an environment variable`);
  if (textOf(command).trim() === '') problems.push('the command is empty');
  if (chdir !== undefined && !chdir.startsWith('/')) problems.push(`\`chdir\` must be absolute, not "${chdir}"`);
  if (expect?.length === 0) problems.push('`expect` names no exit code: every outcome would be a failure');
  if (timeout !== undefined && parseDuration(timeout) === undefined) problems.push(`the timeout "${timeout}" is no duration; write 30s, 10m, 2h`);
  return problems;
}

/** The command to send. */
export function commandOf({ command }: Call): Command {
  return 'text' in command ? command : cmd`${command}`;
}

/** The command in a few words, for people. */
export function nameOf({ command }: Call): string {
  const line = textOf(command).replaceAll(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

/** How to send it: on a channel of its own, since it may leave children behind or take its time. */
export function optionsOf({ env, chdir, stdin, expect, timeout, secretOutput }: Call): RunOptions {
  return {
    channel: 'own',
    ...(env === undefined ? {} : { env }),
    ...(chdir === undefined ? {} : { chdir }),
    ...(stdin === undefined ? {} : { stdin }),
    ...(expect === undefined ? {} : { expect }),
    ...(timeout === undefined ? {} : { timeoutMs: milliseconds(timeout) }),
    ...(secretOutput === undefined ? {} : { secretOutput }),
  };
}

/** Has the outputs of a secret command masked everywhere from now on. */
export function maskOutput({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): void {
  // A Secret registers its text; nobody needs these two.
  for (const text of [stdout, stderr]) new Secret(text);
}

function textOf(command: Call['command']): string {
  return 'text' in command ? command.text : command.join(' ');
}
