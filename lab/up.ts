import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunnerError, UsageError } from '../core/errors';
import { createAccess, putIdentity } from './access';
import { createLabCgroup } from './cgroup';
import { takeDown } from './down';
import { putFiles } from './files';
import { bootHost, createOverlay, overlayRoot, waitForHost } from './host';
import { withLock } from './lock';
import { raiseWatches, requireMachine } from './machine';
import { createHostNetwork, createLabNetwork, forbidSubnet } from './net';
import { SUBNET } from './plan';
import { debianRoot } from './root';
import { checkLabName, createLabDir, DEFAULT_LAB, labDir, labLock, labNetns, listLabs, machineLock, saveLab } from './state';
import type { ExtraFile, HostSpec, Lab, LabHost, LabOptions } from './types';

// More at once only wait for each other's processor time.
const BOOTING_AT_ONCE = 8;

/**
 * Boots a lab; when it resolves, sshd answers on every host. The Debian root is built first when the cache has none.
 * When it fails or `signal` fires, what was begun is taken down again.
 * @throws RunnerError when a lab of that name is there, when this machine cannot have one, or when a host does not come up.
 */
export async function labUp(options: LabOptions): Promise<Lab> {
  const name = options.name ?? DEFAULT_LAB;
  checkLabName(name);
  checkHosts(options.hosts);
  await requireMachine();
  const root = await debianRoot(options);
  return withLock(labLock(name), async () => {
    if ((await listLabs()).includes(name)) {
      throw new RunnerError('usage', `A lab "${name}" is already there.`, `Look at it: npm run lab -- status --name ${name}; take it down: npm run lab -- down --name ${name}`);
    }
    try {
      return await bring(await planLab(name, root, options), options);
    } catch (error) {
      await takeDown(name);
      throw options.signal?.aborted === true ? new RunnerError('interrupted', `The start of the lab "${name}" was interrupted; nothing of it is left.`) : error;
    }
  });
}

async function planLab(name: string, root: string, options: LabOptions): Promise<Lab> {
  const cgroup = await createLabCgroup(name);
  const dir = labDir(name);
  const netns = labNetns(name);
  const user = options.user ?? { name: 'root' };
  return {
    version: 1, name, dir, netns, subnet: SUBNET, root, user,
    hosts: options.hosts.map((spec) => ({
      name: spec.name, role: spec.role, address: spec.address, netns: `${netns}.${spec.name}`,
      dir: join(dir, 'hosts', spec.name), cgroup: join(cgroup, spec.name), binds: spec.binds ?? [],
    })),
    keyFile: join(dir, 'id_ed25519'), knownHosts: join(dir, 'known_hosts'), inventory: join(dir, 'inventory.ini'),
    ...(user.sudoPassword === undefined ? {} : { becomePasswordFile: join(dir, 'become-password') }),
    createdAt: new Date().toISOString(),
  };
}

async function bring(lab: Lab, options: LabOptions): Promise<Lab> {
  await createLabDir(lab.name);
  await saveLab(lab);
  await withLock(machineLock(), async () => {
    await forbidSubnet();
    await raiseWatches();
  });
  await createLabNetwork(lab.netns);
  const hostKeys = await createAccess(lab);
  for (let first = 0; first < lab.hosts.length; first += BOOTING_AT_ONCE) {
    options.signal?.throwIfAborted();
    const batch = lab.hosts.slice(first, first + BOOTING_AT_ONCE);
    options.progress?.(`Booting ${batch.map((host) => `${host.name} (${host.address})`).join(', ')}`);
    await settle(batch.map(async (host) => {
      const extraFiles = options.hosts.find((spec) => spec.name === host.name)?.extraFiles ?? [];
      await prepare(lab, host, [...(hostKeys.get(host.name) ?? [])], extraFiles);
      await bootHost(host);
      await waitForHost(host, options.signal);
    }));
  }
  return lab;
}

async function prepare(lab: Lab, host: LabHost, hostKeys: readonly ExtraFile[], extraFiles: readonly ExtraFile[]): Promise<void> {
  await mkdir(host.dir, { recursive: true });
  await createOverlay(lab, host);
  await putIdentity(lab, host, hostKeys);
  await putFiles(overlayRoot(host), extraFiles);
  await createHostNetwork(lab.netns, host);
}

/** Waits for all of them also when one fails: nothing may still be starting while the lab is taken down. */
async function settle(promises: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function checkHosts(hosts: readonly HostSpec[]): void {
  if (hosts.length === 0) throw new UsageError('A lab needs at least one host.', 'Say how many: --masters, --nodes, --plain');
  const seen = new Set<string>();
  for (const host of hosts) {
    // The name is also that of a network link, which has 15 characters at most.
    if (!/^[a-z][a-z0-9-]{0,14}$/.test(host.name) || host.name === 'lo' || host.name === 'br0') throw new UsageError(`"${host.name}" is no name for a lab host.`);
    if (seen.has(host.name) || seen.has(host.address)) throw new UsageError(`Two lab hosts have the same name or address: ${host.name} ${host.address}`);
    seen.add(host.name).add(host.address);
  }
}
