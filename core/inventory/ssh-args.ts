/**
 * `ansible_ssh_common_args` and its kin: options for the ssh program, which Runsheet does not start. Known hosts files are used, what only
 * tunes that program is passed over, and whatever would lead another way to the host is refused.
 * @see ssh_config(5)
 */
import { shellWords } from './shell-words';

/** Options with no meaning here, in lower case as ssh reads them. */
const TUNING = new Set([
  'controlmaster', 'controlpersist', 'controlpath', 'serveraliveinterval', 'serveralivecountmax', 'tcpkeepalive', 'compression', 'loglevel', 'batchmode',
  'connecttimeout', 'connectionattempts', 'gssapiauthentication', 'requesttty', 'forwardagent', 'passwordauthentication', 'kbdinteractiveauthentication',
]);

const INSTEAD = new Map([
  ['identityfile', 'use ansible_ssh_private_key_file'],
  ['port', 'use ansible_port'],
  ['user', 'use ansible_user'],
  ['stricthostkeychecking', 'host keys are always verified; for unknown ones use --host-key accept-new'],
]);

/** The known hosts files that the options name, none when they name none. @throws RangeError with a sentence for an option that is not supported */
export function knownHostsOf(args: string): readonly string[] {
  return optionsOf(shellWords(args)).flatMap(option => {
    const [, name = '', value = ''] = /^([^\s=]+)\s*[\s=]\s*(.*)$/.exec(option) ?? [];
    const key = name.toLowerCase();
    if (key === 'userknownhostsfile' || key === 'globalknownhostsfile') return value.split(/\s+/).filter(file => file !== '');
    if (TUNING.has(key) || (key === 'stricthostkeychecking' && value.toLowerCase() === 'yes')) return [];
    throw new RangeError(`-o ${option} is not supported: ${INSTEAD.get(key) ?? 'Runsheet does not start the ssh program'}`);
  });
}

/** What follows each `-o`. */
function optionsOf(words: readonly string[]): readonly string[] {
  const options: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    if (word === '-o') options.push(words[(i += 1)] ?? '');
    else if (word.startsWith('-o')) options.push(word.slice(2));
    else if (!/^-[CqvT46]+$/.test(word)) throw new RangeError(`${word} is not supported: Runsheet does not start the ssh program`);
  }
  return options;
}
