import { readFile } from 'node:fs/promises';
import { removeLabCgroups } from './cgroup';
import { isMissing } from './command';
import { cutPower } from './host';
import { withLock } from './lock';
import { requireMachine, restoreWatches } from './machine';
import { allowSubnet, processesIn, removeNetworks } from './net';
import { checkLabName, DEFAULT_LAB, labLock, labNetns, listLabs, loadLab, machineLock, removeLabDir } from './state';

/** Takes a lab down, also one that is half up or half down: processes, mounts, namespaces, routes and its directory. None there is fine. */
export async function labDown(name = DEFAULT_LAB): Promise<void> {
  checkLabName(name);
  await requireMachine();
  await withLock(labLock(name), () => takeDown(name));
}

/** As `labDown`, for whoever holds the lab's lock. Everything is found by the lab's name, so a manifest is not needed. */
export async function takeDown(name: string): Promise<void> {
  await endClients(labNetns(name));
  const hosts = await loadLab(name).then((lab) => lab.hosts, () => []);
  await Promise.all(hosts.map((host) => cutPower(host)));
  await removeLabCgroups(name);
  await removeNetworks(labNetns(name));
  await removeLabDir(name);
  await withLock(machineLock(), async () => {
    if ((await listLabs()).length > 0) return;
    await allowSubnet();
    await restoreWatches();
  });
}

/** Ends what `lab exec` started and left running, but not whoever asks for it from in there. */
async function endClients(netns: string): Promise<void> {
  const ours = new Set(await ancestors());
  for (const pid of await processesIn(netns)) {
    if (ours.has(pid)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

async function ancestors(): Promise<number[]> {
  const found: number[] = [];
  for (let pid = process.pid; pid > 0;) {
    found.push(pid);
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    pid = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return found;
}
