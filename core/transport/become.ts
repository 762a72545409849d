/**
 * Becoming another user by sudo.
 *
 * `sudo -S -k -p MARK`: the password is written only after MARK appeared on standard error, the script only after the shell's hello, and a second MARK
 * means that the password is wrong. Sent blindly, the password would become a command under NOPASSWD, and commands would become passwords.
 * @see sudo(8)
 */
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import { quote } from './command';
import type { Exit } from './wire';

/** Who to become, and the password of the login user for sudo, asked for only when sudo wants one. */
export interface Become {
  readonly user: string;
  readonly password: () => Promise<Secret | undefined>;
}

/** What the sudo talk may do with its channel. */
export interface SudoTalk {
  write(text: string): void;
  hold(): void;
  go(): void;
  refuse(error: Error): void;
}

/** The command line that runs `line` as another user. */
export function sudoLine(become: Become, mark: string, line: string): string {
  return `sudo -H -S -k -p ${prompt(mark)} -u ${quote(become.user)} -- ${line}`;
}

/** Watches standard error for sudo's prompt and answers it once. */
export function answerSudo(host: Host, become: Become | undefined, mark: string, talk: SudoTalk): { onStderr(all: string): void } {
  let prompts = 0;
  const answer = async (password: () => Promise<Secret | undefined>): Promise<void> => {
    talk.hold();
    const secret = await password();
    if (secret === undefined) {
      talk.refuse(new ConnectionError(
        host.name, 'sudo asks for a password and none was given',
        'Give one with -K, --become-password-file or ansible_become_password, or allow NOPASSWD in sudoers.',
      ));
      return;
    }
    talk.go();
    talk.write(`${secret.reveal()}\n`);
  };
  return {
    onStderr: all => {
      const seen = all.split(prompt(mark)).length - 1;
      if (become === undefined || seen <= prompts) return;
      prompts = seen;
      if (prompts === 1) answer(become.password).catch((error: unknown) => talk.refuse(error instanceof Error ? error : new Error(String(error))));
      else talk.refuse(wrongPassword(host, become));
    },
  };
}

/** Why sudo gave no shell, in one sentence. */
export function explainSudo(host: Host, become: Become, login: string, end: { readonly exit: Exit; readonly output: string }): ConnectionError {
  const { output, exit } = end;
  const because = (message: string, hint?: string): ConnectionError => new ConnectionError(host.name, message, hint);
  if (/try again|incorrect password attempt/i.test(output)) return wrongPassword(host, become);
  if (/not in the sudoers|not allowed to (run|execute)|may not run sudo/i.test(output)) {
    return because(`user ${login} may not become ${become.user} by sudo`, `Allow it in sudoers: ${login} ALL=(${become.user}) ALL`);
  }
  if (/must have a tty|no tty present|terminal is required/i.test(output)) {
    return because('sudo wants a terminal (requiretty)', `Put "Defaults:${login} !requiretty" into sudoers.`);
  }
  if (/unknown user/i.test(output)) return because(`there is no user ${become.user} to become`, 'Check become user (ansible_become_user).');
  if (exit.code === 127 || /sudo: (command )?not found/i.test(output)) {
    return because('sudo is not installed', `Install sudo, or log in as ${become.user}.`);
  }
  const last = output.trim().split('\n').slice(-2).join(' ').trim();
  return because(`sudo as ${become.user} failed${last === '' ? '' : `: ${last}`}`, `Try it by hand: sudo -k -u ${become.user} true`);
}

function wrongPassword(host: Host, become: Become): ConnectionError {
  return new ConnectionError(host.name, `the password for becoming ${become.user} by sudo is wrong`, 'Check -K, --become-password-file or ansible_become_password.');
}

function prompt(mark: string): string {
  return `${mark}-password:`;
}
