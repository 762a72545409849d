/**
 * The in-process SSH server with a user that exists only inside it: each command line runs in a mount namespace of its own, in which /etc/passwd,
 * /etc/shadow, /etc/group and the sudoers are other files. So real sudo is tested, and nothing of the machine is touched. Needs root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, HostConnection } from '../../core/inventory/host';
import { startSshServer, type SshServer, type SshServerOptions } from './ssh-server';

/** The user's password for sudo. */
export const SUDO_PASSWORD = 'correct horse\'s "battery" $staple';

export interface SudoServer extends AsyncDisposable {
  readonly server: SshServer;
  /** The host, logged in to as the user `tester`. */
  host(changes?: Partial<HostConnection>): Host;
}

/** Can it be had here? */
export function canSudo(): boolean {
  return process.getuid?.() === 0 && spawnSync('sudo', ['-V']).status === 0
    && spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
}

/** @param sudoers what stands in /etc/sudoers */
export async function startSudoServer(sudoers: string, options: SshServerOptions = {}): Promise<SudoServer> {
  const etc = mkdtempSync(join(tmpdir(), 'runsheet-sudo-'));
  const hash = execFileSync('openssl', ['passwd', '-6', SUDO_PASSWORD], { encoding: 'utf8' }).trim();
  for (const file of ['passwd', 'group', 'shadow']) copyFileSync(`/etc/${file}`, join(etc, file));
  const append = (file: string, line: string): void => writeFileSync(join(etc, file), `${readFileSync(join(etc, file), 'utf8')}${line}\n`);
  append('passwd', 'tester:x:4321:4321::/tmp:/bin/sh');
  append('group', 'tester:x:4321:');
  append('shadow', `tester:${hash}:19000:0:99999:7:::`);
  writeFileSync(join(etc, 'sudoers'), `${sudoers}\n`, { mode: 0o440 });
  writeFileSync(join(etc, 'enter'), [
    ...['passwd', 'group', 'shadow', 'sudoers'].map(file => `mount --bind ${etc}/${file} /etc/${file}`),
    'mkdir -p /run/sudo; mount -t tmpfs none /run/sudo',
    'cd /; exec setpriv --reuid 4321 --regid 4321 --clear-groups "$@"',
  ].join('\n'));
  const server = await startSshServer({
    wrap: ['unshare', '--mount', '--propagation', 'private', '/bin/sh', join(etc, 'enter')],
    env: { HOME: '/tmp', USER: 'tester', LOGNAME: 'tester', SHELL: '/bin/sh', PATH: '/usr/local/bin:/usr/bin:/bin' },
    ...options,
  });
  return {
    server,
    host: (changes = {}) => server.host('web1', { user: 'tester', ...changes }),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      rmSync(etc, { recursive: true });
    },
  };
}
