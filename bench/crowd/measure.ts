/** Runsheet alone on many addresses: how time, processor and memory of the one controller process grow. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hostOf, type Lab } from '../../lab/lab';
import { sshCommand, runIn } from '../command';
import { hasTime, OVER, RUN_LIMIT_MS } from '../limits';
import { runRunsheet } from '../peers/runsheet';
import { labTargets, makePlace, namespaceOf } from '../places';
import type { CrowdCell, CrowdFloor, Job, Place } from '../types';
import { crowdTargets, emptyAddresses, finished, isCrowd, openAddresses } from './host';

const PLAYBOOK = join(__dirname, 'playbook.ts');
const FLOOR = join(__dirname, '../everyday/floor.sh');
const REGISTER = join(__dirname, '../../bin/register.js');
/** As many as `runsheet run` takes at the same time unless told otherwise. */
const AT_ONCE = 50;

const usage = z.strictObject({ cpuSeconds: z.number(), memoryMb: z.number() });

export interface CrowdOptions {
  readonly lab: Lab;
  readonly folder: string;
  readonly addresses: readonly number[];
  /** Unchanged runs of each number of addresses; the first run is done once. */
  readonly repeat: number;
  readonly withFloor: boolean;
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface CrowdFindings { readonly cells: readonly CrowdCell[]; readonly floors: readonly CrowdFloor[]; readonly problems: readonly string[] }

/** For each number of addresses: a first run, unchanged ones, and `ssh ADDRESS true` on all of them, 50 at a time. */
export async function measureCrowd(options: CrowdOptions): Promise<CrowdFindings> {
  const found = { cells: [] as CrowdCell[], floors: [] as CrowdFloor[], problems: [] as string[] };
  const { lab } = options;
  const hostKey = (await labTargets(lab)).find(isCrowd)?.hostKey ?? '';
  const placeOf = (addresses: number): Promise<Place> => makePlace(lab, join(options.folder, `crowd-${addresses}`), namespaceOf(hostOf(lab, 'crowd')), crowdTargets(addresses, hostKey));
  await openAddresses(lab, 1);
  // One unmeasured run: what the first run of a playbook fills (checked types, compiled code) is no matter of how many hosts there are.
  await new Runs(options, await placeOf(1)).repeat('first', 1);
  for (const addresses of options.addresses) {
    const place = await placeOf(addresses);
    await openAddresses(lab, addresses);
    await emptyAddresses(lab);
    const measured = new Runs(options, place);
    const first = await measured.repeat('first', 1);
    const done = first.why === undefined ? await finished(lab) : 0;
    const unchanged = first.why === undefined ? await measured.repeat('unchanged', options.repeat) : { ...first, work: 'unchanged' as const };
    if (first.why === undefined && done !== addresses) measured.problems.push(`${addresses} addresses: only ${done} have all that the playbook makes`);
    found.cells.push(first, unchanged);
    if (options.withFloor) found.floors.push(await measured.floor());
    found.problems.push(...measured.problems);
  }
  return found;
}

class Runs {
  readonly problems: string[] = [];
  #runs = 0;

  constructor(private readonly options: CrowdOptions, private readonly place: Place) {}

  async repeat(work: CrowdCell['work'], times: number): Promise<CrowdCell> {
    const cell = { addresses: this.#addresses, work, seconds: [] as number[], cpu: [] as number[], memory: [] as number[] };
    for (let i = 0; i < times; i += 1) {
      if (!hasTime(this.options, cell.seconds.at(-1) ?? 0)) return cell.seconds.length > 0 ? cell : { ...cell, why: OVER };
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

  async floor(): Promise<CrowdFloor> {
    const floor = { addresses: this.#addresses, seconds: [] as number[] };
    if (!hasTime(this.options, 0)) return { ...floor, why: OVER };
    const started = performance.now();
    const { code } = await runIn(this.place.netns, ['sh', FLOOR, this.place.list, String(AT_ONCE)], { env: { SSH: sshCommand(this.place) }, expect: 'any', timeoutMs: RUN_LIMIT_MS, signal: this.options.signal });
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
      const job: Job = { place: this.place, version: 'v1', folder, limitMs: RUN_LIMIT_MS, signal: this.options.signal };
      const { seconds, changed, problems } = await runRunsheet(job, ['run', PLAYBOOK], ['-r', REGISTER, '-r', join(__dirname, 'usage.ts')], { BENCH_USAGE: file });
      const used = usage.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
      const wrong = work === 'unchanged' && changed > 0 ? [`${changed} tasks changed something where nothing was to change`] : [];
      return { seconds, cpuSeconds: used.data?.cpuSeconds ?? 0, memoryMb: used.data?.memoryMb ?? 0, problems: [...problems, ...wrong, ...(used.success ? [] : ['the process left no account of what it used'])] };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
