/** The password of sudo: from the inventory (which wins), a file, an environment variable that names one, or a prompt. */
import { readFileSync } from 'node:fs';
import { InterruptedError, UsageError, messageOf } from '../errors';
import { Secret } from '../secret';
import type { ReachOptions } from './options';

/** Reads or asks for it once, before the first connection; `undefined` when nobody says anything about it. @throws UsageError */
export async function becomePassword(options: ReachOptions): Promise<Secret | undefined> {
  if (options.askBecomePassword) return ask();
  if (options.becomePasswordFile !== undefined) return fromFile(options.becomePasswordFile, '--become-password-file');
  const named = process.env['RUNSHEET_BECOME_PASSWORD_FILE'] ?? '';
  return named === '' ? undefined : fromFile(named, 'RUNSHEET_BECOME_PASSWORD_FILE');
}

async function ask(): Promise<Secret> {
  if (!process.stdin.isTTY) throw new UsageError('-K needs a terminal to ask for the password; use --become-password-file');
  const { password } = await import('@inquirer/prompts');
  try {
    return new Secret(await password({ message: 'Password for sudo:' }, { output: process.stderr }));
  } catch (error) {
    // Ctrl-C is a key here and no signal: the prompt reads key by key.
    if (error instanceof Error && error.name === 'ExitPromptError') throw new InterruptedError('interrupted; no host was touched');
    throw error;
  }
}

/** The first line of the file. */
function fromFile(path: string, source: string): Secret {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${source} ${path} cannot be read: ${messageOf(error)}`);
  }
  const line = text.split(/\r?\n/)[0] ?? '';
  if (line === '') throw new UsageError(`${source} ${path}: its first line is empty, and that is where the password stands`);
  return new Secret(line);
}
