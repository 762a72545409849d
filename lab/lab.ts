/** Real systemd hosts on this machine: start them, look at them, take them down. What tests and the cluster build on. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { RunnerError, UsageError } from '../core/errors';
import { run, start } from './command';
import { bootHost, cutPower, leaderOf, listeningPorts as portsOf, overlayRoot, waitForHost } from './host';
import { netnsPath, plugHost, unplugHost } from './net';
import type { ExecOptions, ExecResult, Lab, LabHost } from './types';

export { labDown } from './down';
export { planHosts, SUBNET, type HostCounts } from './plan';
export { DEFAULT_LAB, listLabs, loadLab } from './state';
export type * from './types';
export { labUp } from './up';

/** Runs a command of this machine where the controller of that lab stands: it reaches the lab's hosts and nothing else. */
export async function execInLab(lab: Lab, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  return run(inLab(lab, argv), options);
}

/** Starts a command as `execInLab` does and does not wait: for clients that run while something else happens. */
export function spawnInLab(lab: Lab, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return start(inLab(lab, argv), options);
}

/**
 * Runs a shell script as root on a host, past SSH, sudo and Runsheet: what a test asserts with.
 * @throws RunnerError when the host is off.
 */
export async function runOnHost(lab: Lab, hostName: string, script: string, options: ExecOptions = {}): Promise<ExecResult> {
  const leader = await leaderOf(hostOf(lab, hostName));
  if (leader === undefined) throw new RunnerError('command', `Lab host ${hostName} is off.`, `Its console: ${join(hostOf(lab, hostName).dir, 'console.log')}`);
  const argv = ['nsenter', '--target', String(leader), '--all', 'env', '-i', 'LC_ALL=C', 'HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'sh', '-c', script];
  return run(argv, options);
}

/** The root of a host as this machine sees it, also while it is off. Its /run and /tmp are its own and not to be seen here. */
export function hostRoot(lab: Lab, hostName: string): string {
  return overlayRoot(hostOf(lab, hostName));
}

/** TCP ports that something on the host listens on; none while it is off. */
export async function listeningPorts(lab: Lab, hostName: string): Promise<number[]> {
  return portsOf(hostOf(lab, hostName));
}

/** Is the host on? */
export async function isOn(lab: Lab, hostName: string): Promise<boolean> {
  return (await leaderOf(hostOf(lab, hostName))) !== undefined;
}

/** Cuts a host's power: it falls silent (no FIN, no RST) and every process of it ends at once; its disk stays. */
export async function killHost(lab: Lab, hostName: string): Promise<void> {
  // The link first: else its network would still say good-bye to those who talk to it.
  await setLink(lab, hostName, 'down');
  await cutPower(hostOf(lab, hostName));
}

/** Switches a host on again and waits until its sshd answers. */
export async function startHost(lab: Lab, hostName: string, signal?: AbortSignal): Promise<void> {
  const host = hostOf(lab, hostName);
  await setLink(lab, hostName, 'up');
  await bootHost(host);
  await waitForHost(host, signal);
}

/** Cuts a host off the lab's network (no FIN, no RST: silence) or joins it again. */
export async function setLink(lab: Lab, hostName: string, state: 'up' | 'down'): Promise<void> {
  const host = hostOf(lab, hostName);
  if (state === 'down') await unplugHost(lab.netns, host.name);
  else await plugHost(lab.netns, host, lab.hosts.map((other) => other.netns));
}

/** @throws UsageError when the lab has no host of that name or address. */
export function hostOf(lab: Lab, nameOrAddress: string): LabHost {
  const host = lab.hosts.find((candidate) => candidate.name === nameOrAddress || candidate.address === nameOrAddress);
  if (host === undefined) throw new UsageError(`The lab "${lab.name}" has no host "${nameOrAddress}".`, `It has: ${lab.hosts.map((candidate) => candidate.name).join(' ')}`);
  return host;
}

function inLab(lab: Lab, argv: readonly string[]): string[] {
  return ['nsenter', `--net=${netnsPath(lab.netns)}`, '--', ...argv];
}
