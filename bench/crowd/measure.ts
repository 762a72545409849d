/** Runsheet alone on many addresses: how time, processor and memory of the one controller process grow. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hostOf, type Lab } from '../../lab/lab';
import { sshCommand, runIn } from '../command';
import { AT_ONCE, crowdLimitMs, hasTime, mayGoOn, OVER, type Limits } from '../limits';
import { runRunsheet } from '../peers/runsheet';
import { labTargets, makePlace, namespaceOf } from '../places';
import type { CrowdCell, CrowdFloor, Job, Place } from '../types';
import { crowdTargets, emptyAddresses, fillAddresses, finished, isCrowd, openAddresses } from './host';

const PLAYBOOK = join(__dirname, 'playbook.ts');
const FLOOR = join(__dirname, '../everyday/floor.sh');

/** A first run on many takes long. It is begun where so many of them would fit: what is measured after it wants time too. */
const PARTS_OF_THE_REST = 3;

const usage = z.strictObject({ cpuSeconds: z.number(), memoryMb: z.number() });

export interface CrowdOptions {
  readonly lab: Lab;
  readonly folder: string;
  /** Ascending. */
  readonly addresses: readonly number[];
  readonly limits: Limits;
  readonly withFloor: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface CrowdFindings { readonly cells: readonly CrowdCell[]; readonly floors: readonly CrowdFloor[]; readonly problems: readonly string[] }

/** For each number of addresses one or two unchanged runs and a first one; for the smallest number also `ssh ADDRESS true` on all of them, as many at a time. */
export async function measureCrowd(options: CrowdOptions): Promise<CrowdFindings> {
  const found = { cells: [] as CrowdCell[], floors: [] as CrowdFloor[], problems: [] as string[] };
  const { lab } = options;
  const hostKey = (await labTargets(lab)).find(isCrowd)?.hostKey ?? '';
  const placeOf = (addresses: number): Promise<Place> => makePlace(lab, join(options.folder, `crowd-${addresses}`), namespaceOf(hostOf(lab, 'crowd')), crowdTargets(addresses, hostKey));
  await openAddresses(lab, 1);
  // One unmeasured run: what the first run of a playbook fills (checked types, compiled code) is no matter of how many hosts there are.
  await new Runs(options, await placeOf(1)).repeat('first', { times: 1, about: 0 });
  for (const addresses of options.addresses) {
    const about = (work: CrowdCell['work']): number => {
      const last = found.cells.findLast(cell => cell.work === work && cell.seconds.length > 0);
      return last === undefined ? 0 : (last.seconds[0] ?? 0) * addresses / last.addresses;
    };
    const runs = new Runs(options, await placeOf(addresses));
    await openAddresses(lab, addresses);
    // What is asked of many addresses is asked of the unchanged run, so that comes first: on a copy of what the first address has.
    await fillAddresses(lab, addresses);
    const unchanged = await runs.repeat('unchanged', { times: 2, about: about('unchanged') });
    const isTime = hasTime(options.limits, PARTS_OF_THE_REST * about('first'));
    if (isTime) await emptyAddresses(lab);
    found.cells.push(isTime ? await runs.repeat('first', { times: 1, about: about('first') }) : runs.none('first', OVER), unchanged);
    const done = await finished(lab);
    if (done !== addresses) runs.problems.push(`${addresses} addresses: only ${done} have all that the playbook makes`);
    if (options.withFloor && addresses === options.addresses[0]) found.floors.push(await runs.floor());
    found.problems.push(...runs.problems);
  }
  return found;
}

class Runs {
  readonly problems: string[] = [];
  #runs = 0;

  constructor(private readonly options: CrowdOptions, private readonly place: Place) {}

  /** @param how how often at most, and how many seconds a run will take, as far as that is known */
  async repeat(work: CrowdCell['work'], how: { readonly times: number; readonly about: number }): Promise<CrowdCell> {
    const cell = { addresses: this.#addresses, work, seconds: [] as number[], cpu: [] as number[], memory: [] as number[] };
    for (let i = 0; i < how.times && mayGoOn(this.options.limits, cell.seconds); i += 1) {
      if (!hasTime(this.options.limits, cell.seconds.at(-1) ?? how.about)) return cell.seconds.length > 0 ? cell : { ...cell, why: OVER };
      const { seconds, cpuSeconds, memoryMb, problems } = await this.#once(work);
      this.options.say(`${this.#addresses} addresses, ${work}: ${seconds.toFixed(2)} s, processor ${cpuSeconds.toFixed(2)} s, memory ${memoryMb.toFixed(0)} MB`);
      if (problems.length > 0) {
        this.problems.push(...problems.slice(0, 3).map(problem => `${this.#addresses} addresses, ${work}: ${problem}`));
        return { ...cell, why: problems[0] ?? '' };
      }
      cell.seconds.push(seconds);
      cell.cpu.push(cpuSeconds);
      cell.memory.push(memoryMb);
    }
    return cell;
  }

  /** Not measured. */
  none(work: CrowdCell['work'], why: string): CrowdCell {
    return { addresses: this.#addresses, work, seconds: [], cpu: [], memory: [], why };
  }

  async floor(): Promise<CrowdFloor> {
    const floor = { addresses: this.#addresses, seconds: [] as number[] };
    if (!hasTime(this.options.limits, 0)) return { ...floor, why: OVER };
    const started = performance.now();
    const { code } = await runIn(this.place.netns, ['sh', FLOOR, this.place.list, String(AT_ONCE)], { env: { SSH: sshCommand(this.place) }, expect: 'any', timeoutMs: crowdLimitMs(this.#addresses), signal: this.options.signal });
    const seconds = (performance.now() - started) / 1000;
    this.options.say(`${this.#addresses} addresses, ssh true: ${seconds.toFixed(2)} s`);
    return code === 0 ? { ...floor, seconds: [seconds] } : { ...floor, why: `exit code ${code}` };
  }

  get #addresses(): number {
    return this.place.targets.length;
  }

  async #once(work: CrowdCell['work']): Promise<{ readonly seconds: number; readonly cpuSeconds: number; readonly memoryMb: number; readonly problems: readonly string[] }> {
    this.options.signal.throwIfAborted();
    this.#runs += 1;
    const folder = join(this.options.folder, `crowd-${this.#addresses}-run-${this.#runs}`);
    const file = join(folder, 'usage.json');
    await mkdir(folder);
    try {
      const job: Job = { place: this.place, version: 'v1', folder, limitMs: crowdLimitMs(this.#addresses), signal: this.options.signal };
      const { seconds, changed, problems } = await runRunsheet(job, ['run', PLAYBOOK, '--forks', String(AT_ONCE)], ['-r', join(__dirname, 'usage.js')], { BENCH_USAGE: file });
      const used = usage.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
      const wrong = work === 'unchanged' && changed > 0 ? [`${changed} tasks changed something where nothing was to change`] : [];
      return { seconds, cpuSeconds: used.data?.cpuSeconds ?? 0, memoryMb: used.data?.memoryMb ?? 0, problems: [...problems, ...wrong, ...(used.success ? [] : ['the process left no account of what it used'])] };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
