/** One sitting: a lab, the peers that can be had, and all cases in order of what they tell. */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../core/errors';
import { labUp, planHosts, type Lab } from '../lab/lab';
import { currentCommit } from '../lab/proofs/record';
import { machine } from '../lab/proofs/section';
import { debianRoot } from '../lab/root';
import { Cases } from './cases';
import { crowdHost, isCrowd } from './crowd/host';
import { measureCrowd } from './crowd/measure';
import type { Limits } from './limits';
import { labTargets, makePlace, namespaceOf } from './places';
import { startProxy, type Proxy } from './proxy/client';
import type { Findings, Peer, Place, Target, Work } from './types';

/** What to measure. */
export interface Plan {
  /** Name of the lab. */
  readonly lab: string;
  readonly peers: readonly Peer[];
  /** Numbers of hosts; the delayed link takes the first of them. */
  readonly hosts: readonly number[];
  readonly works: readonly Work[];
  /** Numbers of addresses of the second part; none leaves it out. */
  readonly addresses: readonly number[];
  /** Delay each way of the slow link; 0 leaves it out. */
  readonly delayMs: number;
  /** Over the slow link one host, or also the first number of hosts. */
  readonly slowLink: 'one' | 'hosts';
  readonly limits: Omit<Limits, 'deadline'>;
  /** Begin nothing after so many milliseconds from when the lab is up. */
  readonly limitMs: number;
}

/** Where to work, and who is told. */
export interface Surroundings { readonly folder: string; readonly signal: AbortSignal; readonly say: (line: string) => void }

const PYTHON = ['python3'];
const MINUTE_MS = 60_000;

/** Boots the lab and measures. The lab stays up: whoever calls takes it down. */
export async function sit(plan: Plan, around: Surroundings): Promise<Findings> {
  const at = new Date().toISOString();
  const { ready, missing, packages } = await peersThatAreHere(plan, around);
  const crowd = plan.addresses.length > 0 && ready.some(({ peer }) => peer.name === 'runsheet') ? [crowdHost()] : [];
  const lab = await labUp({ name: plan.lab, hosts: [...planHosts({ plain: Math.max(...plan.hosts) }), ...crowd], packages, progress: around.say, signal: around.signal });
  const [load = 0] = loadavg();
  const started = performance.now();
  const limits = { ...plan.limits, deadline: started + plan.limitMs };
  const cases = new Cases({ lab, folder: around.folder, limits, signal: around.signal, say: around.say });
  const peers = await measureHosts(plan, { ...around, lab, cases, peers: ready.map(({ peer }) => peer) });
  const many = crowd.length === 0 ? { cells: [], floors: [], problems: [] }
    : await measureCrowd({ ...around, lab, addresses: plan.addresses, limits, withFloor: ready.some(({ peer }) => peer.name === 'ssh') });
  for (const work of plan.works) for (const hosts of plan.hosts.slice(1)) await measureAt({ ...around, lab, cases, peers }, hosts, [work]);
  return {
    at, commit: await currentCommit(), machine: machine(), load, minutes: (performance.now() - started) / MINUTE_MS,
    peers: ready.map(({ peer: { name, title }, version }) => ({ name, title, version })), missing,
    cells: cases.cells, links: cases.links, crowd: many.cells, floors: many.floors, problems: [...cases.problems, ...many.problems],
  };
}

interface Here {
  readonly ready: readonly { readonly peer: Peer; readonly version: string }[];
  readonly missing: readonly { readonly title: string; readonly why: string }[];
  /** What the lab's hosts need for them. */
  readonly packages: readonly string[];
}

/** Ansible needs Python on the hosts: a root of its own, which the lab's own tests never use. A peer that cannot be had is named with the reason. */
async function peersThatAreHere({ peers }: Plan, { say, signal }: Surroundings): Promise<Here> {
  const ready: { peer: Peer; version: string }[] = [];
  const missing: { title: string; why: string }[] = [];
  let packages = PYTHON;
  for (const peer of peers) {
    try {
      ready.push({ peer, version: await peer.ready() });
    } catch (error) {
      missing.push({ title: peer.title, why: messageOf(error) });
    }
  }
  const needsPython = ({ peer: { name } }: { readonly peer: Peer }): boolean => name === 'ansible' || name === 'mitogen';
  try {
    if (ready.some(needsPython)) await debianRoot({ packages, progress: say, signal });
    else packages = [];
  } catch (error) {
    signal.throwIfAborted();
    packages = [];
    for (const { peer } of ready.filter(needsPython)) missing.push({ title: peer.title, why: `no root with Python could be made for the hosts: ${messageOf(error)}` });
  }
  for (const { title, why } of missing) say(`${title}: not measured: ${why}`);
  return { ready: ready.filter(each => packages.length > 0 || !needsPython(each)), missing, packages };
}

interface AtWork extends Surroundings { readonly lab: Lab; readonly cases: Cases; readonly peers: readonly Peer[] }

/** The first number of hosts, on the lab's own network and over the slow link. @returns the peers that work */
async function measureHosts(plan: Plan, work: AtWork): Promise<readonly Peer[]> {
  const targets = (await labTargets(work.lab)).filter(target => !isCrowd(target));
  const one = await makePlace(work.lab, join(work.folder, 'one'), namespaceOf(work.lab), targets.slice(0, 1));
  const failed = await work.cases.warmUp(work.peers, one);
  const peers = work.peers.filter(peer => !failed.includes(peer));
  const [first = 1] = plan.hosts;
  await measureAt({ ...work, peers }, first, plan.works, ['unchanged', 'first']);
  if (plan.delayMs > 0) await measureDelayed(plan, { ...work, peers }, targets.slice(0, first));
  return peers;
}

/** @param asked of which works a ratio is asked */
async function measureAt(work: AtWork, hosts: number, works: readonly Work[], asked: readonly Work[] = []): Promise<void> {
  const targets = (await labTargets(work.lab)).filter(target => !isCrowd(target)).slice(0, hosts);
  const place = await makePlace(work.lab, join(work.folder, `hosts-${hosts}`), namespaceOf(work.lab), targets);
  for (const kind of works) await work.cases.measure(work.peers, place, { work: kind, delayMs: 0, isAsked: asked.includes(kind) });
}

/** Every host has an address of its own in front of it, where the proxy listens: to the peers these are different hosts, as they would be far away. */
async function measureDelayed({ delayMs, slowLink }: Plan, work: AtWork, targets: readonly Target[]): Promise<void> {
  const far = targets.map((target, index) => ({ ...target, address: `127.2.0.${index + 1}` }));
  const routes = targets.map(({ address }, index) => ({ listen: { host: far[index]?.address ?? '', port: SSH }, target: { host: address, port: SSH } }));
  const place = (name: string, of: readonly Target[]): Promise<Place> => makePlace(work.lab, join(work.folder, name), namespaceOf(work.lab), of);
  const proxy: Proxy = await startProxy(work.lab, routes);
  try {
    await work.cases.measureLink(work.peers, await place('far-one', far.slice(0, 1)), { proxy, delayMs });
    await proxy.delay(delayMs);
    if (slowLink === 'hosts' && far.length > 1) await work.cases.measure(work.peers, await place('far', far), { work: 'unchanged', delayMs, isAsked: false });
  } finally {
    proxy.stop();
  }
}

const SSH = 22;
