/** What the lab needs of this machine, and the settings that all labs share. */
import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunnerError } from '../core/errors';

const TOOLS = ['systemd-nspawn', 'mmdebstrap', 'ip', 'nsenter', 'unshare', 'setpriv', 'flock', 'mount', 'ssh-keygen', 'ssh'];
const WATCHES = '/proc/sys/fs/inotify/max_user_instances';
// A booted host holds about eight; Linux allows 128 for all of root's processes unless told otherwise.
const WATCHES_WANTED = 8192;
const WATCHES_BEFORE = '/run/runsheet-lab.inotify-before';

/** @throws RunnerError, one sentence, when this machine cannot have a lab: not Linux, not root, or tools are missing. */
export async function requireMachine(): Promise<void> {
  if (process.platform !== 'linux') throw new RunnerError('usage', `The lab needs Linux; this is ${process.platform}.`, 'The tests with the in-process SSH server run anywhere: npm run test:unit');
  if (process.getuid?.() !== 0) throw new RunnerError('usage', 'The lab needs root: it makes namespaces, mounts and systemd hosts.', 'The tests with the in-process SSH server need none: npm run test:unit');
  const missing: string[] = [];
  for (const tool of TOOLS) if (!(await isInPath(tool))) missing.push(tool);
  if (missing.length > 0) throw new RunnerError('usage', `The lab needs ${missing.join(', ')}, not found on this machine.`, 'Install what is missing: sh scripts/setup.sh');
}

/** Allows as many inotify instances as 100 hosts need, and notes what was allowed before. */
export async function raiseWatches(): Promise<void> {
  const before = (await readFile(WATCHES, 'utf8')).trim();
  if (Number(before) >= WATCHES_WANTED) return;
  await writeFile(WATCHES_BEFORE, before);
  await writeFile(WATCHES, String(WATCHES_WANTED));
}

/** Puts that back, after the last lab. */
export async function restoreWatches(): Promise<void> {
  const before = await readFile(WATCHES_BEFORE, 'utf8').catch(() => '');
  if (before !== '') await writeFile(WATCHES, before);
  await rm(WATCHES_BEFORE, { force: true });
}

async function isInPath(tool: string): Promise<boolean> {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    if (await access(join(directory, tool), constants.X_OK).then(() => true, () => false)) return true;
  }
  return false;
}
