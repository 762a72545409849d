/** Reloads of an nginx that are seen to take effect. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CheckError, RefusedError } from '../../core/errors';
import type { Aspect, Foreseen } from '../../core/foreseen';
import { type Applied, command, live, steps } from '../../core/module';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { startOf, willBeDown } from '../systemd/planned-units';
import { readTimes } from '../systemd/read-files';
import { systemctl } from '../systemd/up';
import { complaintOf } from './candidate';
import { alarmsSince, markLogs, type LogMark } from './error-log';
import { argumentsOf, readInstance, whereProblems, whereSubject, type Instance, type Where } from './instance';
import { loadConf, type LoadedConf } from './load';
import { readProcesses, type NginxProcesses } from './processes';

/** How long new workers may take to appear, in milliseconds. */
const PATIENCE_MS = 15_000;
const POLL_MS = 100;
/**
 * How long after an emergency they still may, in milliseconds: the master tries to bind a port for 2.5 s, and the emergency may be the end of an earlier
 * reload, behind which this one is waiting.
 */
const GRACE_MS = 4000;
/** The start of a worker is known to about a hundredth of a second: a file written right before it must not look newer. */
const TOLERANCE = 0.05;

interface Before {
  readonly instance: Instance;
  readonly loaded: LoadedConf;
  readonly processes: NginxProcesses | undefined;
  readonly logs: readonly LogMark[];
  /** Files that are newer than the workers. */
  readonly newer: readonly string[];
  /** Check mode: something is planned that cannot say all that it leaves behind, so that more may be newer by then. */
  readonly unclear: boolean;
}

interface Job<P> {
  readonly params: P;
  readonly before: Before;
}

/**
 * Reloads an nginx. The configuration is tested first. Verified by effect, since test and reload both succeed for a configuration that then is not in
 * force (a port that is taken): the master is the same, there are new workers, no old one takes connections any more, and the master logged no emergency.
 * @see https://nginx.org/en/docs/control.html#reconfiguration
 */
export const reload = command<Where, Before, Applied>({
  name: 'nginx.reload',
  subject: whereSubject,
  validate: whereProblems,
  before: where => live(on => look(on, where, [])),
  describe: ({ instance }) => `reload ${instance.name}`,
  run,
  verify,
  foretell,
  predict: () => ({ changed: true }),
  again: true,
  idle: () => ({ changed: false }),
});

export type InForceParams = Where & {
  /** More files that workers read when they start: certificates, keys. Absolute paths. */
  readonly files?: readonly string[];
  /**
   * An earlier task of this run changes the configuration: check mode then foretells the reload also where that task cannot say what it will leave behind (a
   * command that writes the files). A run reads from the workers alone whether to reload.
   */
  readonly pending?: boolean;
};

/**
 * The configuration on disk is in force: reloads, as `nginx.reload` does, where a file of it is newer than a worker that takes connections. A run that was killed
 * between an edit and the reload is so finished by the next one. (A worker that died after the edit and was started again by the old master looks new; where
 * workers die, use `nginx.reload`.)
 */
export const inForce = command<InForceParams, Before, Applied>({
  name: 'nginx.inForce',
  subject: whereSubject,
  validate: params => [...whereProblems(params), ...(params.files ?? []).filter(path => !path.startsWith('/')).map(path => `the path "${path}" must be absolute`)],
  before: params => steps(on => look(on, params, params.files ?? [])),
  describe: ({ instance, processes, newer, unclear }, { pending = false }) => {
    if (processes === undefined) return `reload ${instance.name} (it does not run)`;
    if (newer.length > 0) return `reload ${instance.name}: newer than its workers: ${newer.join(', ')}`;
    return pending && unclear ? `reload ${instance.name}: its configuration changes` : undefined;
  },
  run,
  verify,
  foretell,
  // Foretold only because of `pending`: what changes then is not foreseen.
  predict: before => (isCurrent(before) ? undefined : { changed: true }),
  // Files that are put back are older than the workers, so it would not see that they changed.
  again: where => ({ module: 'nginx.reload', params: where.unit === undefined ? { binary: where.binary, prefix: where.prefix, config: where.config } : { unit: where.unit } }),
  idle: () => ({ changed: false }),
});

/** In check mode: when each instance will have been reloaded last. */
const RELOADS: Aspect<Map<string, number>> = { fresh: () => new Map() };

function foretell(_on: Target, { before: { instance }, foreseen }: { readonly before: Before; readonly foreseen: Foreseen }): void {
  foreseen.of(RELOADS).set(instance.name, foreseen.tick());
}

/** In check mode the workers are those of the last planned start or reload. */
function planned(on: Target, instance: Instance, now: NginxProcesses | undefined): NginxProcesses | undefined {
  if (willBeDown(on.foreseen, instance.unit ?? '')) return undefined;
  const times = [startOf(on.foreseen, instance.unit ?? ''), on.foreseen?.of(RELOADS).get(instance.name)].filter(time => time !== undefined);
  return times.length === 0 ? now : { master: now?.master ?? 0, workers: [{ pid: 0, startedAt: Math.max(...times), isQuitting: false }] };
}

function isCurrent({ processes, newer }: Before): boolean {
  return processes !== undefined && newer.length === 0;
}

async function look(on: Target, where: Where, more: readonly string[]): Promise<Before> {
  const instance = await readInstance(on, where);
  const loaded = await loadConf(on, instance.config);
  const processes = planned(on, instance, await readProcesses(on, instance, loaded.tree));
  const times = new Map([...[...loaded.sources].map(([path, { mtime }]) => [path, mtime] as const), ...await readTimes(on, more)]);
  const missing = more.filter(path => !times.has(path));
  if (missing.length > 0) throw new RefusedError(`${on.host.name}: ${missing.join(', ')} is not there, so it cannot be compared with the workers of ${instance.name}`);
  const oldest = Math.min(...processes?.workers.filter(worker => !worker.isQuitting).map(worker => worker.startedAt) ?? []);
  const newer = [...times].filter(([, mtime]) => mtime > oldest + TOLERANCE).map(([path]) => path);
  return { instance, loaded, processes, logs: await markLogs(on, instance, loaded.tree), newer, unclear: on.foreseen?.isWhole === false };
}

async function run(on: Target, { before: { instance, processes } }: Job<Where>): Promise<Applied> {
  if (processes === undefined) throw new CheckError(`${on.host.name}: ${instance.name} does not run, so there is nothing to reload`, 'Start it with systemd.service.');
  const test = await on.run(cmd`${instance.binary} ${argumentsOf(instance)} -t`, { expect: 'any' });
  if (test.code !== 0) throw new RefusedError(`${on.host.name}: ${instance.name} is not reloaded, nginx refuses its configuration: ${complaintOf(test.stderr)}`);
  if (instance.unit === undefined) await on.run(cmd`${instance.binary} ${argumentsOf(instance)} -s reload`);
  else await systemctl(on, 'reload', instance.unit);
  return { changed: true };
}

async function verify(on: Target, { before: { instance, loaded, processes, logs } }: Job<Where>): Promise<true | string> {
  const master = processes?.master ?? 0;
  const known = new Set(processes?.workers.map(worker => worker.pid));
  let until = Date.now() + PATIENCE_MS;
  let alarmed = false;
  for (;;) {
    const alarms = await alarmsSince(on, logs, master);
    const now = await readProcesses(on, instance, loaded.tree);
    if (now === undefined) return `${instance.name} is gone`;
    if (now.master !== master) return `${instance.name} was restarted instead of reloaded: process ${master} became ${now.master}`;
    const serving = now.workers.filter(worker => !worker.isQuitting);
    const old = serving.filter(worker => known.has(worker.pid));
    const alert = alarms.find(line => line.includes('[alert]'));
    if (old.length === 0 && serving.length > 0) return alert === undefined ? true : `${instance.name} has new workers, but: ${alert}`;
    if (alarms.length > 0 && !alarmed) until = Date.now() + GRACE_MS;
    alarmed ||= alarms.length > 0;
    if (Date.now() >= until) return notInForce(instance, alarms, old.map(worker => worker.pid));
    await sleep(POLL_MS, undefined, { signal: on.signal });
  }
}

function notInForce(instance: Instance, alarms: readonly string[], old: readonly number[]): string {
  const why = alarms.find(line => !line.includes('still could not bind')) ?? alarms[0] ?? `after ${PATIENCE_MS / 1000} s its old workers still serve (${old.join(', ')})`;
  return `${instance.name} did not take over the new configuration, the old one is still in force: ${why}`;
}
