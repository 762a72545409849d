/** Control groups: every process of a host is in one of its own, so that all of them can be found and ended, whatever else was lost. @see cgroups(7) */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunnerError } from '../core/errors';
import { isMissing } from './command';

const PARENT = 'runsheet-lab';
/** How long no process may end. */
const STUCK_MS = 20_000;
const MOST_SHOWN = 10;

/** The control group of a lab, made if it is not there. */
export async function createLabCgroup(lab: string): Promise<string> {
  const path = join(await unifiedMount(), PARENT, lab);
  await mkdir(path, { recursive: true });
  return path;
}

/**
 * Ends every process in a control group and below it, at once. A group that is not there is empty. Thousands of killed processes take their time to be gone: it waits as long
 * as they become fewer.
 * @throws RunnerError when none of them ends any more
 */
export async function killCgroup(path: string): Promise<void> {
  let fewest = Infinity;
  let deadline = 0;
  for (let left = await processes(path); left.length > 0; left = await processes(path)) {
    if (left.length < fewest) {
      fewest = left.length;
      deadline = Date.now() + STUCK_MS;
    }
    if (Date.now() > deadline) throw new RunnerError('command', `Processes of the lab do not end: ${left.slice(0, MOST_SHOWN).join(' ')}${left.length > MOST_SHOWN ? ` and ${left.length - MOST_SHOWN} more` : ''}`);
    await writeFile(join(path, 'cgroup.kill'), '1').catch(ignoreMissing);
    await sleep(20);
  }
}

/** Process ids in a control group and below it. */
export async function processes(path: string): Promise<number[]> {
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  const own = text.split('\n').filter((line) => line !== '').map(Number);
  const below = await Promise.all((await children(path)).map(processes));
  return [...own, ...below.flat()];
}

/** Removes a lab's control group, in every hierarchy that has it: systemd-nspawn copies the path to systemd's own one. */
export async function removeLabCgroups(lab: string): Promise<void> {
  for (const mount of await mounts()) {
    await removeTree(join(mount.path, PARENT, lab));
    // Fails while another lab is up, which is right.
    await rmdir(join(mount.path, PARENT)).catch(() => { /* not empty or not there */ });
  }
}

/** Labs that have a control group, so that what a killed start left behind can be found by name. */
export async function labsWithCgroup(): Promise<string[]> {
  const found = await Promise.all((await mounts()).map((mount) => childNames(join(mount.path, PARENT))));
  return [...new Set(found.flat())];
}

async function removeTree(path: string): Promise<void> {
  // A host that a killed `lab up` had just started may enter its group only now.
  await killCgroup(path);
  for (const child of await children(path)) await removeTree(child);
  await rmdir(path).catch(ignoreMissing);
}

async function children(path: string): Promise<string[]> {
  return (await childNames(path)).map((name) => join(path, name));
}

async function childNames(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function unifiedMount(): Promise<string> {
  const unified = (await mounts()).find((mount) => mount.type === 'cgroup2');
  if (unified === undefined) {
    throw new RunnerError('usage', 'The lab needs control groups version 2, and none are mounted here.', 'Boot with systemd, or: mount -t cgroup2 none /sys/fs/cgroup/unified');
  }
  return unified.path;
}

interface CgroupMount {
  readonly type: string;
  readonly path: string;
}

/** Version 2 first: processes are ended there, then they are gone from the others too. */
async function mounts(): Promise<CgroupMount[]> {
  const text = await readFile('/proc/self/mounts', 'utf8');
  const found = text.split('\n').flatMap((line) => {
    const [, path = '', type = '', options = ''] = line.split(' ');
    const isSystemds = type === 'cgroup' && options.split(',').includes('name=systemd');
    return type === 'cgroup2' || isSystemds ? [{ type, path }] : [];
  });
  return found.sort((one, other) => other.type.localeCompare(one.type));
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
