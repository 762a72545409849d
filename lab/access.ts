/** Who may log in to the hosts and how: keys, known_hosts, users, sudo, and the inventory that says so. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { run } from './command';
import { putFiles } from './files';
import { overlayRoot } from './host';
import { CONTROLLER_ADDRESS } from './plan';
import type { ExtraFile, HostRole, Lab, LabHost, LabUser } from './types';

const GROUPS: readonly (readonly [string, HostRole])[] = [['masters', 'master'], ['nodes', 'node'], ['plain', 'plain']];

/** Makes the client's key and writes known_hosts and the inventory; returns each host's own key files, by host name. */
export async function createAccess(lab: Lab): Promise<ReadonlyMap<string, readonly ExtraFile[]>> {
  await createKey(lab.keyFile, `runsheet-lab-${lab.name}`);
  const known: string[] = [];
  const hostKeys = new Map<string, readonly ExtraFile[]>();
  for (const host of lab.hosts) {
    const file = join(host.dir, 'ssh_host_ed25519_key');
    await mkdir(dirname(file), { recursive: true });
    await createKey(file, host.name);
    const publicKey = await readFile(`${file}.pub`, 'utf8');
    known.push(`${host.name},${host.address} ${publicKey.split(' ').slice(0, 2).join(' ')}`);
    hostKeys.set(host.name, [
      { path: '/etc/ssh/ssh_host_ed25519_key', content: await readFile(file), mode: 0o600 },
      { path: '/etc/ssh/ssh_host_ed25519_key.pub', content: publicKey },
    ]);
  }
  await writeFile(lab.knownHosts, `${known.join('\n')}\n`);
  await writeFile(lab.inventory, inventoryOf(lab));
  if (lab.becomePasswordFile !== undefined) await writeFile(lab.becomePasswordFile, `${lab.user.sudoPassword ?? ''}\n`, { mode: 0o600 });
  return hostKeys;
}

async function createKey(file: string, comment: string): Promise<void> {
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
}

/** The lab as an Ansible inventory in INI form; empty groups are there too, so that playbooks that name them load. */
export function inventoryOf(lab: Lab): string {
  const groups = GROUPS.map(([group, role]) => {
    const lines = lab.hosts.filter((host) => host.role === role).map((host) => `${host.name} ansible_host=${host.address}`);
    return [`[${group}]`, ...lines, ''].join('\n');
  });
  return [
    ...groups,
    '[all:vars]',
    `ansible_user=${lab.user.name}`,
    `ansible_ssh_private_key_file=${lab.keyFile}`,
    `ansible_ssh_common_args=-o UserKnownHostsFile=${lab.knownHosts}`,
    '',
  ].join('\n');
}

/** What makes a host that one and no other: its name, its neighbours, its id, who may log in. */
export async function putIdentity(lab: Lab, host: LabHost, hostKeys: readonly ExtraFile[]): Promise<void> {
  const publicKey = await readFile(`${lab.keyFile}.pub`, 'utf8');
  const isRoot = lab.user.name === 'root';
  const home = isRoot ? '/root' : `/home/${lab.user.name}`;
  const root = overlayRoot(host);
  if (!isRoot) await addUser(root, lab.user);
  await putFiles(root, [
    ...hostKeys,
    { path: '/etc/hostname', content: `${host.name}\n` },
    { path: '/etc/hosts', content: hostsFile(lab) },
    { path: '/etc/machine-id', content: `${randomBytes(16).toString('hex')}\n`, mode: 0o444 },
    { path: `${home}/.ssh/authorized_keys`, content: publicKey, mode: 0o600 },
    ...(isRoot ? [] : [{ path: '/etc/ssh/sshd_config.d/root.conf', content: 'PermitRootLogin no\n' }]),
    ...sudoers(lab.user),
  ]);
  if (!isRoot) await run(['chroot', root, 'chown', '-R', `${lab.user.name}:`, `${home}/.ssh`]);
  await run(['chmod', '0700', join(root, home, '.ssh')]);
}

function hostsFile(lab: Lab): string {
  const lines = lab.hosts.map((host) => `${host.address} ${host.name}`);
  return ['127.0.0.1 localhost', '::1 localhost', `${CONTROLLER_ADDRESS} controller`, ...lines, ''].join('\n');
}

function sudoers(user: LabUser): ExtraFile[] {
  if (user.name === 'root' || user.sudoPassword !== undefined) return [];
  return [{ path: '/etc/sudoers.d/lab', content: `${user.name} ALL=(ALL:ALL) NOPASSWD: ALL\n`, mode: 0o440 }];
}

async function addUser(root: string, user: LabUser): Promise<void> {
  await run(['chroot', root, 'useradd', '--create-home', '--shell', '/bin/bash', '--groups', 'sudo', user.name]);
  if (user.sudoPassword !== undefined) await run(['chroot', root, 'chpasswd'], { input: `${user.name}:${user.sudoPassword}\n` });
}
