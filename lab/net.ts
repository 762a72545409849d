/** The lab's networks: a namespace with a bridge and no uplink, a namespace and a veth pair for each host. @see ip-netns(8) */
import { run } from './command';
import { CONTROLLER_ADDRESS, SUBNET } from './plan';

const PREFIX_LENGTH = SUBNET.slice(SUBNET.indexOf('/'));
const BRIDGE = 'br0';
const HOST_LINK = 'eth0';
// Marks our route in the main namespace: nobody else's has this metric, so we never remove theirs.
const ROUTE_METRIC = '4278';

/** Makes a lab's own namespace with its bridge, which has the controller's address. */
export async function createLabNetwork(netns: string): Promise<void> {
  await run(['ip', 'netns', 'add', netns]);
  await batch(netns, [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${CONTROLLER_ADDRESS}${PREFIX_LENGTH} dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ]);
}

/** Makes a host's namespace and links it to the lab's bridge. No default route: what is not in the lab is unreachable at once. */
export async function createHostNetwork(labNetns: string, host: { readonly name: string; readonly netns: string; readonly address: string }): Promise<void> {
  await run(['ip', 'netns', 'add', host.netns]);
  await batch(labNetns, [
    `link add ${host.name} type veth peer name ${HOST_LINK} netns ${host.netns}`,
    `link set ${host.name} master ${BRIDGE} up`,
  ]);
  await batch(host.netns, [
    'link set lo up',
    `addr add ${host.address}${PREFIX_LENGTH} dev ${HOST_LINK}`,
    `link set ${HOST_LINK} up`,
  ]);
}

/** Cuts a host off the bridge; it and those who talk to it notice nothing but silence. */
export async function unplugHost(labNetns: string, hostName: string): Promise<void> {
  await run(['ip', '-n', labNetns, 'link', 'set', hostName, 'nomaster']);
}

/** Joins a host to the bridge again, and has its neighbours look for it at once, as its ARP announcement would. */
export async function plugHost(labNetns: string, host: { readonly name: string; readonly address: string }, neighbours: readonly string[]): Promise<void> {
  await run(['ip', '-n', labNetns, 'link', 'set', host.name, 'master', BRIDGE]);
  for (const netns of [labNetns, ...neighbours]) await run(['ip', '-n', netns, 'neigh', 'flush', 'to', host.address]);
}

/** Removes the namespaces of a lab, whichever are there, and with them every link and address. */
export async function removeNetworks(labNetns: string): Promise<void> {
  const names = (await listNamespaces()).filter((name) => name === labNetns || name.startsWith(`${labNetns}.`));
  // The lab's own goes last: while it is there, a killed removal can be repeated.
  for (const name of names.sort().reverse()) await run(['ip', 'netns', 'del', name]);
}

/** Processes that are in a namespace, the lab's clients among them. */
export async function processesIn(netns: string): Promise<number[]> {
  if (!(await listNamespaces()).includes(netns)) return [];
  const { stdout } = await run(['ip', 'netns', 'pids', netns]);
  return stdout.split('\n').filter((line) => line !== '').map(Number);
}

/** Sees to it that a packet for the lab's addresses can never leave this machine from outside the lab. */
export async function forbidSubnet(): Promise<void> {
  if (!(await isForbidden())) await run(['ip', 'route', 'add', 'unreachable', SUBNET, 'metric', ROUTE_METRIC]);
}

/** Takes that away again, after the last lab. */
export async function allowSubnet(): Promise<void> {
  if (await isForbidden()) await run(['ip', 'route', 'del', 'unreachable', SUBNET, 'metric', ROUTE_METRIC]);
}

async function isForbidden(): Promise<boolean> {
  const { stdout } = await run(['ip', 'route', 'show', 'exact', SUBNET, 'type', 'unreachable']);
  return stdout.includes(`metric ${ROUTE_METRIC}`);
}

/** Path of a namespace, for nsenter and systemd-nspawn. */
export function netnsPath(netns: string): string {
  return `/run/netns/${netns}`;
}

async function listNamespaces(): Promise<string[]> {
  const { stdout } = await run(['ip', 'netns', 'list']);
  return stdout.split('\n').map((line) => line.split(' ')[0] ?? '').filter((name) => name !== '');
}

async function batch(netns: string, lines: readonly string[]): Promise<void> {
  await run(['ip', '-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
