/** Where a lab keeps what it knows: /run/runsheet-lab/NAME, a tmpfs of its own, with the manifest `lab.json`. */
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RunnerError, UsageError } from '../core/errors';
import { labsWithCgroup } from './cgroup';
import { run } from './command';
import type { Lab } from './types';

const BASE = '/run/runsheet-lab';
const LOCKS = '/run/lock/runsheet-lab';

/** The lab that commands mean when they name none. */
export const DEFAULT_LAB = 'default';

const labUser = z.strictObject({ name: z.string(), sudoPassword: z.string().optional() });
const bind = z.strictObject({ source: z.string(), target: z.string().optional(), writable: z.boolean().optional() });
const labHost = z.strictObject({
  name: z.string(), role: z.enum(['master', 'node', 'plain']), address: z.string(), netns: z.string(), dir: z.string(), cgroup: z.string(),
  binds: z.array(bind),
});
const manifest = z.strictObject({
  version: z.literal(1), name: z.string(), dir: z.string(), netns: z.string(), subnet: z.string(), root: z.string(), user: labUser,
  hosts: z.array(labHost), keyFile: z.string(), knownHosts: z.string(), inventory: z.string(), becomePasswordFile: z.string().optional(),
  createdAt: z.string(),
});

/** Directory of a lab. */
export function labDir(name: string): string {
  return join(BASE, name);
}

/** Name of a lab's network namespace; its hosts' are `<that>.<host>`. */
export function labNetns(name: string): string {
  return `rs-${name}`;
}

/** File to lock while a lab is changed. */
export function labLock(name: string): string {
  return join(LOCKS, `${name}.lock`);
}

/** File to lock while something is changed that all labs share. */
export function machineLock(): string {
  return labLock('.machine');
}

/** @throws UsageError for a name that could not be a namespace, a directory and a host name's part. */
export function checkLabName(name: string): void {
  if (!/^[a-z][a-z0-9-]{0,29}$/.test(name)) {
    throw new UsageError(`"${name}" is no name for a lab.`, 'Use a small letter, then up to 29 small letters, digits and hyphens.');
  }
}

/** Makes the lab's directory on a tmpfs: etcd's writes do not wait for this machine's disk, and a host's files vanish with the mount. */
export async function createLabDir(name: string): Promise<string> {
  const dir = labDir(name);
  await mkdir(dir, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', 'mode=0755,nr_inodes=0', `runsheet-lab-${name}`, dir]);
  return dir;
}

/** Unmounts everything at and below the lab's directory and removes it. */
export async function removeLabDir(name: string): Promise<void> {
  const dir = labDir(name);
  const mounted = (await mountPoints()).filter((path) => path === dir || path.startsWith(`${dir}/`));
  // The last one mounted is the deepest.
  for (const path of mounted.reverse()) await unmount(path);
  await rm(dir, { recursive: true, force: true });
  await rmdir(BASE).catch(() => { /* Another lab is there, or it never was. */ });
}

/** Names of the labs that are up, half up or half down: those with a directory or a control group. */
export async function listLabs(): Promise<string[]> {
  const names = await readdir(BASE).catch(() => []);
  return [...new Set([...names, ...(await labsWithCgroup())])].sort();
}

/** Writes the manifest, whole or not at all. */
export async function saveLab(lab: Lab): Promise<void> {
  const file = join(lab.dir, 'lab.json');
  await writeFile(`${file}.new`, `${JSON.stringify(lab, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * The lab of that name, as its manifest says.
 * @throws RunnerError when there is none.
 */
export async function loadLab(name = DEFAULT_LAB): Promise<Lab> {
  checkLabName(name);
  const text = await readFile(join(labDir(name), 'lab.json'), 'utf8').catch(() => undefined);
  if (text === undefined) throw new RunnerError('usage', `There is no lab "${name}".`, `Start it: npm run lab -- up --name ${name}`);
  return parseLab(text);
}

function parseLab(text: string): Lab {
  // The schema is strict and mirrors the type; zod's optional fields differ from ours only by `undefined`, which JSON has not.
  return manifest.parse(JSON.parse(text)) as Lab;
}

async function mountPoints(): Promise<string[]> {
  const text = await readFile('/proc/self/mounts', 'utf8');
  return text.split('\n').flatMap((line) => line.split(' ')[1] ?? []);
}

async function unmount(path: string): Promise<void> {
  const tried = await run(['umount', path], { expect: 'any' });
  // Whoever still stands in it (a shell of the user's) keeps it for himself; for all others it is gone.
  if (tried.code !== 0) await run(['umount', '--lazy', path]);
}
