/** The host whose one sshd answers for a thousand addresses: all of 127.0.0.0/8 are its own, in its own network namespace. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOnHost, type HostSpec, type Lab } from '../../lab/lab';
import type { Target } from '../types';

const NAME = 'crowd';
const READY_LIMIT_MS = 3 * 60_000;

/** The most addresses that it can have: what the script beside this file counts through. */
export const MOST = 5000;

/** The host to boot. Its sshd takes many unfinished logins at once and starts no session of logind for each (PAM): on one machine these would be a thousand. */
export function crowdHost(): HostSpec {
  const script = (name: string): string => readFileSync(join(__dirname, 'host', name), 'utf8');
  return {
    name: NAME, role: 'plain', address: '172.72.0.250',
    extraFiles: [
      { path: '/usr/local/sbin/addresses', content: script('addresses.sh'), mode: 0o755 },
      { path: '/usr/local/sbin/as-address', content: script('as-address.sh'), mode: 0o755 },
      { path: '/etc/ssh/sshd_config.d/crowd.conf', content: 'MaxStartups 2000\nUsePAM no\nForceCommand /usr/local/sbin/as-address\n' },
      { path: '/etc/systemd/system/ssh.service.d/crowd.conf', content: '[Service]\nTasksMax=infinity\nLimitNOFILE=65536\n' },
      { path: '/etc/systemd/system/addresses@.service', content: '[Service]\nType=oneshot\nRemainAfterExit=yes\nTasksMax=infinity\nExecStart=/usr/local/sbin/addresses %i\n' },
    ],
  };
}

/** Makes the first `count` addresses ready. */
export async function openAddresses(lab: Lab, count: number): Promise<void> {
  await runOnHost(lab, NAME, `systemctl start addresses@${count}.service`, { timeoutMs: READY_LIMIT_MS });
}

/** Takes away what a first run makes. */
export async function emptyAddresses(lab: Lab): Promise<void> {
  await runOnHost(lab, NAME, 'rm -rf /srv/crowd; mkdir /srv/crowd', { timeoutMs: READY_LIMIT_MS });
}

/** Makes on the host what a first run on `count` addresses would leave: a copy of what the first address has. */
export async function fillAddresses(lab: Lab, count: number): Promise<void> {
  const script = `cd /srv/crowd && for i in $(seq 2 ${count}); do [ -e c$i ] || { cp -a c1 c$i && sed -i "s/c1/c$i/" c$i/site.conf; } || exit 1; done`;
  await runOnHost(lab, NAME, script, { timeoutMs: READY_LIMIT_MS });
}

/** How many addresses have the whole of the playbook's work, and nothing else. */
export async function finished(lab: Lab): Promise<number> {
  const { stdout } = await runOnHost(lab, NAME, 'find /srv/crowd -mindepth 1 | wc -l; find /srv/crowd -name id -size 33c | wc -l', { timeoutMs: READY_LIMIT_MS });
  const [entries = 0, identities = 0] = stdout.trim().split('\n').map(Number);
  return entries === identities * ENTRIES_EACH ? identities : 0;
}

/** A folder with state, id, bin, bin/pulse, site.conf, defaults, defaults.local and pulse in it. */
const ENTRIES_EACH = 9;

/** The first `count` addresses as hosts c1 upward; one machine has one key. */
export function crowdTargets(count: number, hostKey: string): readonly Target[] {
  return Array.from({ length: Math.min(count, MOST) }, (_, i) => ({ name: `c${i + 1}`, address: `127.1.${Math.floor(i / 250)}.${i % 250 + 1}`, hostKey }));
}

/** Is it that host? */
export function isCrowd({ name }: { readonly name: string }): boolean {
  return name === NAME;
}
