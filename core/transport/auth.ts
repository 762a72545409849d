/** How to log in: which keys, agent and password are there, in the order in which they are tried. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import { expandHome } from './paths';

/** What is tried for a login, with words for the message when all of it fails. */
export interface Credentials {
  readonly methods: readonly AnyAuthMethod[];
  /** Each method in words: `key ~/.ssh/id_ed25519`, `agent`, `password`. */
  readonly tried: readonly string[];
  /** What was left out, and why. */
  readonly passedOver: readonly string[];
}

/** Who logs in where, and where to look for keys. */
export interface LoginOptions {
  readonly host: Host;
  readonly user: string;
  /** `--private-key`; the host's own file goes first. */
  readonly privateKey?: string;
  /** Path of the agent's socket, `SSH_AUTH_SOCK`. */
  readonly agent?: string;
  readonly parseKey: (text: string) => ParsedKey | Error;
}

/** ssh's own order of the usual files. */
const USUAL_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * Gathers what can be tried: the key file that was named, the agent, else the usual files, and the password.
 * @throws ConnectionError when the named file is unusable, or nothing is there to try.
 */
export function credentials(options: LoginOptions): Credentials {
  const { host, user, agent } = options;
  const methods: AnyAuthMethod[] = [];
  const tried: string[] = [];
  const passedOver: string[] = [];
  const add = (what: string, ...added: AnyAuthMethod[]): void => {
    methods.push(...added);
    tried.push(what);
  };

  const named = host.connection.privateKeyFile ?? options.privateKey;
  if (named !== undefined) {
    const key = namedKey(options, named, agent !== undefined);
    if (key === undefined) passedOver.push(`${named} is encrypted (ssh-add ${named} puts it into the agent)`);
    else add(`key ${named}`, { type: 'publickey', username: user, key });
  }
  if (agent !== undefined) add('the keys of the agent', { type: 'agent', username: user, agent });
  if (named === undefined) {
    for (const file of USUAL_FILES) {
      const path = join(homedir(), '.ssh', file);
      const key = usualKey(options, path);
      if (key === 'encrypted') passedOver.push(`~/.ssh/${file} is encrypted (ssh-add puts it into the agent)`);
      else if (key !== undefined) add(`key ~/.ssh/${file}`, { type: 'publickey', username: user, key });
    }
  }
  const { password } = host.connection;
  if (password !== undefined) {
    add('password', { type: 'password', username: user, password: password.reveal() }, {
      type: 'keyboard-interactive', username: user,
      prompt: (...[, , , prompts, finish]) => finish(prompts.map(() => password.reveal())),
    });
  }
  if (methods.length > 0) return { methods, tried, passedOver };
  const why = passedOver.length === 0 ? '' : `: ${passedOver.join('; ')}`;
  throw new ConnectionError(host.name, `there is nothing to log in with as ${user}${why}`, 'Name a key with --private-key or ansible_ssh_private_key_file, or start an agent (ssh-add).');
}

/** The key in a file that somebody named; `undefined` when it is encrypted and the agent may have it. */
function namedKey({ host, parseKey }: LoginOptions, file: string, hasAgent: boolean): ParsedKey | undefined {
  const key = parse(file, parseKey);
  if (!(key instanceof Error)) return key;
  if (isEncrypted(key)) {
    if (hasAgent) return undefined;
    throw new ConnectionError(host.name, `the private key ${file} is encrypted and no agent is running`, `Put it into an agent: eval $(ssh-agent); ssh-add ${file}`);
  }
  throw new ConnectionError(host.name, `the private key ${file} cannot be used: ${key.message}`, 'Check --private-key or ansible_ssh_private_key_file.');
}

/** The key in one of the usual files, if it is there and of a kind that we can use. */
function usualKey({ parseKey }: LoginOptions, file: string): ParsedKey | 'encrypted' | undefined {
  const key = parse(file, parseKey);
  if (!(key instanceof Error)) return key;
  return isEncrypted(key) ? 'encrypted' : undefined;
}

function parse(file: string, parseKey: LoginOptions['parseKey']): ParsedKey | Error {
  try {
    return parseKey(readFileSync(expandHome(file), 'utf8'));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isEncrypted(error: Error): boolean {
  return /passphrase|encrypted/i.test(error.message);
}
