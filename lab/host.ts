/** One host: an overlay on the shared root, booted by systemd-nspawn in its own network namespace. @see systemd-nspawn(1) */
import { open, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunnerError } from '../core/errors';
import { killCgroup, processes } from './cgroup';
import { run, start } from './command';
import { netnsPath } from './net';
import type { Lab, LabHost } from './types';

const SSH_PORT = 22;
const BOOT_LIMIT_MS = 180_000;
const NSPAWN_END_MS = 3000;
const POLL_MS = 20;

/** The control group, below the host's, of what switches it on. */
const POWER = 'power';
// systemd-nspawn ends with 133 when its host reboots: then it is started again. Each process is in a control group before
// it does anything else, so that it can be found whatever becomes of us.
const POWER_SCRIPT = `echo $$ > "$0/${POWER}/cgroup.procs" || exit
while :; do
  sh -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' "$0" "$@"
  [ $? = 133 ] || exit
done`;

/** The merged root of a host as this machine sees it: files the host wrote are there, its /run and /tmp are not (they are its own). */
export function overlayRoot(host: LabHost): string {
  return join(host.dir, 'root');
}

/** Mounts the host's root over the shared one. */
export async function createOverlay(lab: Lab, host: LabHost): Promise<void> {
  const layers = { upper: join(host.dir, 'upper'), work: join(host.dir, 'work') };
  for (const directory of [layers.upper, layers.work, overlayRoot(host)]) await mkdir(directory, { recursive: true });
  await run(['mount', '-t', 'overlay', '-o', `lowerdir=${lab.root},upperdir=${layers.upper},workdir=${layers.work}`, `runsheet-lab-${host.name}`, overlayRoot(host)]);
}

/** Switches the host on and does not wait: `waitForHost` does. What it says while booting is in `console.log`. */
export async function bootHost(host: LabHost): Promise<void> {
  await mkdir(join(host.cgroup, POWER), { recursive: true });
  const log = await open(join(host.dir, 'console.log'), 'a');
  try {
    const child = start(['sh', '-c', POWER_SCRIPT, host.cgroup, ...nspawn(host)], {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1', SYSTEMD_LOG_LEVEL: 'notice' },
    });
    child.on('error', () => { /* waitForHost finds no process and shows the console. */ });
    child.unref();
    while (child.pid !== undefined && child.exitCode === null && (await processes(host.cgroup)).length === 0) await sleep(POLL_MS);
  } finally {
    await log.close();
  }
}

function nspawn(host: LabHost): string[] {
  const binds = host.binds.map((bind) => `--bind${bind.writable === true ? '' : '-ro'}=${bind.source}:${bind.target ?? bind.source}`);
  return [
    'systemd-nspawn', '--quiet', '--settings=no', `--directory=${overlayRoot(host)}`,
    // The machine's name is unique on this machine; the host's own name need not be.
    `--machine=${host.netns}`, `--hostname=${host.name}`, `--network-namespace-path=${netnsPath(host.netns)}`,
    '--boot', '--register=no', '--keep-unit', '--console=pipe', '--link-journal=no', '--resolv-conf=off', '--timezone=off', ...binds,
  ];
}

/**
 * Waits until the host's sshd listens.
 * @throws RunnerError with the end of its console when the host stops, or does not come up within three minutes.
 */
export async function waitForHost(host: LabHost, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + BOOT_LIMIT_MS;
  while (!(await listeningPorts(host)).includes(SSH_PORT)) {
    signal?.throwIfAborted();
    if ((await processes(host.cgroup)).length === 0) throw await bootError(host, 'stopped while booting');
    if (Date.now() > deadline) throw await bootError(host, `did not answer SSH within ${BOOT_LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}

async function bootError(host: LabHost, what: string): Promise<RunnerError> {
  const text = await readFile(join(host.dir, 'console.log'), 'utf8').catch(() => '');
  return new RunnerError('command', `Lab host ${host.name} ${what}. The end of its console:\n${text.trimEnd().split('\n').slice(-15).join('\n')}`);
}

/** TCP ports that something on the host listens on, IPv4 and IPv6; none while it is off. @see proc(5), /proc/net/tcp */
export async function listeningPorts(host: LabHost): Promise<number[]> {
  const leader = await leaderOf(host);
  if (leader === undefined) return [];
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${leader}/net/${name}`, 'utf8').catch(() => '')));
  const listening = '0A';
  return tables.flatMap((table) => table.split('\n').slice(1)).flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    const port = local?.split(':')[1];
    return state === listening && port !== undefined ? [Number.parseInt(port, 16)] : [];
  });
}

/** Process id, on this machine, of the host's systemd; `undefined` while the host is off. */
export async function leaderOf(host: LabHost): Promise<number | undefined> {
  // systemd moves itself from the payload's root to init.scope when it has set up its groups.
  for (const group of ['payload/init.scope', 'payload']) {
    const text = await readFile(join(host.cgroup, group, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const pid of text.split('\n').filter((line) => line !== '')) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      if (/^NSpid:.*\t1$/m.test(status)) return Number(pid);
    }
  }
  return undefined;
}

/** Ends the host as a power cut does, and everything of it on this machine. Its disk stays. */
export async function cutPower(host: LabHost): Promise<void> {
  // The payload first: systemd-nspawn then sees its host end and removes its own traces.
  const payload = join(host.cgroup, 'payload');
  await killCgroup(payload);
  const deadline = Date.now() + NSPAWN_END_MS;
  while ((await processes(host.cgroup)).length > 0 && Date.now() < deadline) {
    await sleep(POLL_MS);
    await killCgroup(payload);
  }
  await killCgroup(host.cgroup);
  await removeNspawnTraces(host);
}

/** What systemd-nspawn leaves in /run when it is killed itself. */
async function removeNspawnTraces(host: LabHost): Promise<void> {
  const propagate = join('/run/systemd/nspawn/propagate', host.netns);
  await run(['umount', '--lazy', propagate], { expect: 'any' });
  await rm(propagate, { recursive: true, force: true });
  const root = await stat(overlayRoot(host)).catch(() => undefined);
  if (root !== undefined) await rm(`/run/systemd/nspawn/locks/inode-${root.dev}:${root.ino}`, { force: true });
}
