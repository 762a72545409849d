/** Places to run at: the files that say how the hosts are reached from there. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab, LabHost } from '../lab/lab';
import { netnsPath } from '../lab/net';
import type { Place, Target } from './types';

/** Writes the files of a place into a folder, which is made. @param netns path of the network namespace where the controller stands */
export async function makePlace(lab: Lab, folder: string, netns: string, targets: readonly Target[]): Promise<Place> {
  await mkdir(folder, { recursive: true });
  const files = { inventory: join(folder, 'inventory.ini'), list: join(folder, 'hosts'), knownHosts: join(folder, 'known_hosts') };
  const { inventory, knownHosts } = placeTexts(targets, { user: lab.user.name, keyFile: lab.keyFile, knownHosts: files.knownHosts });
  await writeFile(files.inventory, inventory);
  await writeFile(files.knownHosts, knownHosts);
  await writeFile(files.list, targets.map(({ name, address }) => `${name} ${address}\n`).join(''));
  return { netns, targets, keyFile: lab.keyFile, ...files };
}

/** The inventory (Ansible's INI, which Runsheet reads too) and known_hosts of these hosts. */
export function placeTexts(targets: readonly Target[], access: { readonly user: string; readonly keyFile: string; readonly knownHosts: string }): { readonly inventory: string; readonly knownHosts: string } {
  return {
    inventory: [
      '[plain]', ...targets.map(({ name, address }) => `${name} ansible_host=${address}`), '',
      '[all:vars]', `ansible_user=${access.user}`, `ansible_ssh_private_key_file=${access.keyFile}`, `ansible_ssh_common_args=-o UserKnownHostsFile=${access.knownHosts}`, '',
    ].join('\n'),
    knownHosts: targets.map(({ address, hostKey }) => `${address} ${hostKey}\n`).join(''),
  };
}

/** The path of the namespace in which the controller of a lab stands, or of a host's own. */
export function namespaceOf(owner: Lab | LabHost): string {
  return netnsPath(owner.netns);
}

/** The lab's hosts with their keys, at the addresses that the lab gave them. */
export async function labTargets(lab: Lab): Promise<readonly Target[]> {
  const keys = new Map((await readFile(lab.knownHosts, 'utf8')).split('\n').map(line => [line.split(',')[0] ?? '', line.split(' ').slice(1).join(' ')]));
  return lab.hosts.map(({ name, address }) => ({ name, address, hostKey: keys.get(name) ?? '' }));
}
