/** Ansible at its best: pipelining, ControlPersist, 50 forks, no facts, the interpreter named; and the same with mitogen's strategy. Host keys are checked. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/errors';
import { run } from '../../lab/command';
import type { ExecResult } from '../../lab/types';
import { lastWords, timed, type Account } from '../command';
import type { Job, Outcome, Peer, PeerName } from '../types';

const PROGRAM = '/usr/bin/ansible-playbook';
const PLUGINS = '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy';
const PLAYBOOK = join(__dirname, '../everyday/everyday.yml');
const FILES = join(__dirname, '../../lab/everyday');
const APT_LIMIT_MS = 3 * 60_000;

export const ansible = ansiblePeer('ansible', 'Ansible, pipelining', []);
export const mitogen = ansiblePeer('mitogen', 'Ansible, mitogen', [`strategy_plugins = ${PLUGINS}`, 'strategy = mitogen_linear']);

function ansiblePeer(name: PeerName, title: string, settings: readonly string[]): Peer {
  const isMitogen = name === 'mitogen';
  return {
    name, title,
    ready: async () => {
      await install(isMitogen ? PLUGINS : PROGRAM, isMitogen ? ['ansible-core', 'ansible-mitogen'] : ['ansible-core']);
      return versionOf(isMitogen ? 'ansible-mitogen' : 'ansible-core');
    },
    run: job => runAnsible(job, settings),
  };
}

/** The version that Debian's package has. */
async function versionOf(name: string): Promise<string> {
  const { stdout } = await run(['dpkg-query', '-W', '-f', '${Version}', name]);
  return `${name} ${stdout.trim()}`;
}

/** Installs Debian's packages where the path is missing; package lists that are missing or stale are fetched first. @throws Error, one sentence, when that is impossible */
async function install(path: string, packages: readonly string[]): Promise<void> {
  if (await exists(path)) return;
  const apt = (...args: readonly string[]): Promise<ExecResult> => run(['apt-get', '-o', 'DPkg::Lock::Timeout=120', '-qq', ...args], { expect: 'any', timeoutMs: APT_LIMIT_MS, env: { DEBIAN_FRONTEND: 'noninteractive' } })
    .catch((error: unknown) => ({ code: 1, stdout: '', stderr: messageOf(error) }));
  const tryIt = (): Promise<ExecResult> => apt('install', '--yes', '--no-install-recommends', ...packages);
  let tried = await tryIt();
  if (tried.code !== 0) {
    await apt('update');
    tried = await tryIt();
  }
  if (tried.code !== 0 || !(await exists(path))) throw new Error(`Debian's packages ${packages.join(' and ')} are not installed and could not be: ${lastWords(tried)}`);
}

async function runAnsible(job: Job, settings: readonly string[]): Promise<Outcome> {
  const config = join(job.folder, 'ansible.cfg');
  const sockets = join(job.folder, 's');
  await mkdir(sockets);
  await writeFile(config, [
    '[defaults]', `inventory = ${job.place.inventory}`, 'host_key_checking = True', 'forks = 50', 'retry_files_enabled = False', ...settings,
    '[ssh_connection]', 'pipelining = True', 'ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s', `control_path_dir = ${sockets}`, '',
  ].join('\n'));
  try {
    return await timed(job, [PROGRAM, PLAYBOOK, '-e', `version=${job.version} files=${FILES} ansible_python_interpreter=/usr/bin/python3`], readRecap(job.place.targets.length),
      { cwd: job.folder, env: { ANSIBLE_CONFIG: config, ANSIBLE_HOME: join(job.folder, 'home'), ANSIBLE_NOCOLOR: '1', ANSIBLE_LOCALHOST_WARNING: 'False' } });
  } finally {
    await closeConnections(sockets);
  }
}

/** Reads the lines below PLAY RECAP. */
function readRecap(hosts: number): (result: ExecResult) => Account {
  return result => {
    const lines = [...result.stdout.matchAll(/^\S+\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm)];
    const changed = lines.reduce((sum, [, , count]) => sum + Number(count), 0);
    return { changed, problems: result.code === 0 && lines.length === hosts ? [] : [`exit code ${result.code}, ${lines.length} of ${hosts} hosts in the recap: ${lastWords(result)}`] };
  };
}

/** The masters of ControlPersist live on for a minute: the next run, of whomever, must not find them or share the processor with them. */
async function closeConnections(sockets: string): Promise<void> {
  // Which host a socket is for does not matter to -O exit.
  await run(['sh', '-c', 'for socket in "$0"/*; do [ ! -S "$socket" ] || ssh -F none -o ControlPath="$socket" -O exit any; done', sockets], { expect: 'any' });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
