/** The cases on lab hosts: peers in turn, run after run, until there are enough runs or the time is over. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab/lab';
import { differences, install, look, reset } from './hosts';
import { hasTime, mayGoOn, OVER, RUN_LIMIT_MS, type Limits } from './limits';
import type { Proxy } from './proxy/client';
import type { Cell, Job, LinkCell, Outcome, Peer, Place, Traffic, Version, Work } from './types';


const EXPECTED: Readonly<Record<Work, Version>> = { unchanged: 'v1', first: 'v1', changes: 'v2' };

/** Carries cases out on a lab and keeps what it found. */
export class Cases {
  readonly cells: Cell[] = [];
  readonly links: LinkCell[] = [];
  readonly problems: string[] = [];
  readonly #expected = new Map<string, string>();
  #jobs = 0;

  constructor(private readonly given: { readonly lab: Lab; readonly folder: string; readonly limits: Limits; readonly signal: AbortSignal; readonly say: (line: string) => void }) {}

  /** One unmeasured run of each peer on one host: what a first run fills stays filled for all. @returns those whose run did not go well */
  async warmUp(peers: readonly Peer[], place: Place): Promise<readonly Peer[]> {
    await this.#inFolder(place, 'v1', job => install(this.given.lab, job));
    const failed: Peer[] = [];
    for (const peer of peers) {
      const { problems } = await this.#inFolder(place, 'v1', job => peer.run(job));
      if (problems.length === 0) continue;
      failed.push(peer);
      this.problems.push(...problems.map(problem => `${peer.title}, left out, its first run failed: ${problem}`));
    }
    return failed;
  }

  /** All peers in turn at one kind of work. The hosts are those of the lab that the place names, however it reaches them. */
  async measure(peers: readonly Peer[], place: Place, { work, delayMs, isAsked }: { readonly work: Work; readonly delayMs: number; readonly isAsked: boolean }): Promise<void> {
    const names = place.targets.map(({ name }) => name);
    const seconds = new Map<Peer, number[]>(peers.map(peer => [peer, []]));
    const skipped = new Map<Peer, string>();
    // The floor leaves the hosts as they are: it is measured once, with what is unchanged.
    const working = peers.filter(({ name }) => work === 'unchanged' || name !== 'ssh');
    if (work === 'unchanged' && hasTime(this.given.limits, 0)) await this.#inFolder(place, 'v1', job => install(this.given.lab, job));
    const limits = work === 'unchanged' && delayMs === 0 ? this.given.limits : fewer(this.given.limits);
    for (let round = 0; round < limits.repeat; round += 1) {
      for (const peer of working) {
        const before = seconds.get(peer) ?? [];
        if (skipped.has(peer) || !mayGoOn(limits, before, isAsked ? limits.least : 1)) continue;
        if (!hasTime(this.given.limits, before.at(-1) ?? this.#lastOf(peer, names.length))) { skipped.set(peer, OVER); continue; }
        const outcome = await this.#run(peer, place, work);
        this.given.say(`${names.length === 1 ? 'One host' : `${names.length} hosts`}, ${work}${delayMs === 0 ? '' : `, ${delayMs} ms each way`}: ${peer.title}: ${outcome.seconds.toFixed(2)} s, ${outcome.changed} changed`);
        const wrong = [...outcome.problems, ...await this.#check(peer, names, { work, changed: outcome.changed })];
        if (wrong.length > 0) {
          this.problems.push(...wrong.map(problem => `${peer.title}, ${names.length} hosts, ${work}: ${problem}`));
          skipped.set(peer, wrong[0] ?? '');
        } else before.push(outcome.seconds);
      }
    }
    for (const peer of working) this.cells.push(cellOf({ peer: peer.name, work, hosts: names.length, delayMs }, seconds.get(peer) ?? [], skipped.get(peer)));
  }

  /** One host behind the proxy, nothing to change: each peer without and with the delay, in turn; the quickest first, or the slow ones would use up the time. Bytes and turns are those of one run with the delay. */
  async measureLink(peers: readonly Peer[], place: Place, { proxy, delayMs }: { readonly proxy: Proxy; readonly delayMs: number }): Promise<void> {
    for (const peer of [...peers].sort((a, b) => this.#lastOf(a, 1) - this.#lastOf(b, 1))) {
      const [near, far]: [number[], number[]] = [[], []];
      let traffic: Traffic = { connections: 0, bytesUp: 0, bytesDown: 0, turns: 0 };
      let why: string | undefined;
      for (let round = 0; round < this.given.limits.repeat && why === undefined && mayGoOn(fewer(this.given.limits), [...near, ...far]); round += 1) {
        for (const [ms, into] of [[0, near], [delayMs, far]] as const) {
          if (!hasTime(this.given.limits, into.at(-1) ?? near.at(-1) ?? 0)) { why = OVER; break; }
          await proxy.delay(ms);
          const outcome = await this.#inFolder(place, 'v1', job => peer.run(job));
          if (outcome.problems.length > 0) { why = outcome.problems[0]; break; }
          into.push(outcome.seconds);
          traffic = await proxy.take();
        }
      }
      const [first, delayed] = [near[0], far[0]];
      const said = first === undefined || delayed === undefined ? `not measured: ${why ?? OVER}` : `${first.toFixed(2)} s, with ${delayMs} ms each way ${delayed.toFixed(2)} s, ${traffic.turns} turns`;
      this.given.say(`One host behind the proxy: ${peer.title}: ${said}`);
      if (why !== undefined && why !== OVER) this.problems.push(`${peer.title}, behind the proxy: ${why}`);
      this.links.push({ peer: peer.name, delayMs, near, far, ...traffic, ...(far.length > 0 || why === undefined ? {} : { why }) });
    }
  }

  async #run(peer: Peer, place: Place, work: Work): Promise<Outcome> {
    if (work === 'first') await reset(this.given.lab, place.targets.map(({ name }) => name));
    if (work === 'changes') await this.#inFolder(place, 'v1', job => install(this.given.lab, job));
    return this.#inFolder(place, EXPECTED[work], job => peer.run(job));
  }

  /** The same work for all: every peer leaves the same behind, and none changes what is as it shall be. */
  async #check(peer: Peer, names: readonly string[], { work, changed }: { readonly work: Work; readonly changed: number }): Promise<readonly string[]> {
    if (peer.name === 'ssh') return [];
    if (work === 'unchanged') return changed === 0 ? [] : [`${changed} tasks changed something where nothing was to change`];
    return differences(await look(this.given.lab, names), EXPECTED[work], this.#expected);
  }

  async #inFolder<T>(place: Place, version: Version, work: (job: Job) => Promise<T>): Promise<T> {
    this.given.signal.throwIfAborted();
    this.#jobs += 1;
    const folder = join(this.given.folder, String(this.#jobs));
    await mkdir(folder, { recursive: true });
    try {
      return await work({ place, version, folder, limitMs: RUN_LIMIT_MS, signal: this.given.signal });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** How long a run of that peer will take, by what it took before: with other numbers of hosts it is at least a hint. */
  #lastOf(peer: Peer, hosts: number): number {
    const known = this.cells.filter(cell => cell.peer === peer.name && cell.seconds.length > 0);
    const near = known.findLast(cell => cell.hosts === hosts) ?? known.at(-1);
    return near === undefined ? 0 : (near.seconds[0] ?? 0) * hosts / near.hosts;
  }
}

/** The unchanged run is the one that everybody waits for every day: the others are measured less often. */
function fewer(limits: Limits): Limits {
  return { ...limits, repeat: Math.ceil(limits.repeat / 2), caseSeconds: limits.caseSeconds / 2 };
}

function cellOf(cell: Omit<Cell, 'seconds' | 'why'>, seconds: readonly number[], why: string | undefined): Cell {
  return { ...cell, seconds, ...(seconds.length > 0 || why === undefined ? {} : { why }) };
}
