/** Units in check mode: as they will be once the changes planned so far are made. */
import { posix } from 'node:path';
import { unforeseen, type Aspect, type Foreseen } from '../../core/foreseen';
import type { Connection } from '../../core/transport/connection';
import { settingOf } from './effective';
import { readFiles } from './read-files';
import type { UnitState } from './show';
import { parseUnitFile, type UnitFile } from './unit-file';
import { dropInDirectories, templateOf } from './unit-name';

interface PlannedUnits {
  readonly units: Map<string, { readonly state: Partial<UnitState>; /** On the clock of `Foreseen.tick`. */ readonly startedAt: number | undefined }>;
  /** When systemd will have read its files last; 0 where no daemon-reload is planned. */
  readAt: number;
  /** When it will have read those of one unit, which was new. */
  readonly readOne: Map<string, number>;
}

const UNITS: Aspect<PlannedUnits> = { fresh: () => ({ units: new Map(), readAt: 0, readOne: new Map() }) };

/** Where units lie, as real paths. */
const DIRECTORIES = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

/** Notes a daemon-reload, and with it that a unit is another one from then on. */
export function foretellReload(foreseen: Foreseen, unit?: string): void {
  foreseen.of(UNITS).readAt = foreseen.tick();
  if (unit !== undefined) foreseen.name(unit, stemOf(unit));
}

/** Notes that systemd will know a new unit; whether it takes a daemon-reload, by which others are read too, it decides itself. */
export function foretellNew(foreseen: Foreseen, unit: string): void {
  foreseen.of(UNITS).readOne.set(unit, foreseen.tick());
  foreseen.name(unit, stemOf(unit));
}

/** Notes that a unit is started or restarted, after a daemon-reload where it needs one. */
export function foretellStart(foreseen: Foreseen, { unit, needsReload }: Pick<UnitState, 'unit' | 'needsReload'>): void {
  if (needsReload) foretellReload(foreseen, unit);
  note(foreseen, unit, { active: 'active', sub: 'running', result: 'success' }, foreseen.tick());
}

/** Notes that a unit is stopped. */
export function foretellStop(foreseen: Foreseen, { unit }: Pick<UnitState, 'unit'>): void {
  note(foreseen, unit, { active: 'inactive', sub: 'dead', mainPid: 0 }, undefined);
}

/** Notes what a unit does at boot. */
export function foretellBoot(foreseen: Foreseen, { unit }: Pick<UnitState, 'unit'>, boot: 'enabled' | 'disabled' | 'masked'): void {
  note(foreseen, unit, { boot, load: boot === 'masked' ? 'masked' : 'loaded' }, startOf(foreseen, unit));
}

/** When a unit will have been started, on the clock of `Foreseen.tick`; `undefined` where no start is planned. */
export function startOf(foreseen: Foreseen | undefined, unit: string): number | undefined {
  return foreseen?.of(UNITS).units.get(unit)?.startedAt;
}

/** Is a unit stopped by a planned change? */
export function willBeDown(foreseen: Foreseen | undefined, unit: string): boolean {
  return foreseen?.of(UNITS).units.get(unit)?.state.active === 'inactive';
}

/** The units of which a planned change made a file that systemd has not read. @throws RefusedError where only the run will tell */
export function unreadUnits(foreseen: Foreseen): readonly string[] {
  const files = foreseen.paths.filter(path => DIRECTORIES.some(directory => path.startsWith(`${directory}/`)));
  const named = files.map(path => ({ path, name: path.endsWith('.conf') ? posix.basename(posix.dirname(path)).replace(/\.d$/, '') : posix.basename(path) }));
  return [...new Set(named.filter(({ path, name }) => name.includes('.') && !isRead(foreseen, name, writtenAt(foreseen, path))).map(({ name }) => name))];
}

/** Will a unit have been read that changed before all that is planned? @throws RefusedError where only the run will tell */
export function willBeRead(foreseen: Foreseen, unit: string): boolean {
  return isRead(foreseen, unit, BEFORE_ALL);
}

/** On the clock of `Foreseen.tick`. */
const BEFORE_ALL = Number.MIN_VALUE;

/** Will systemd have read what was written of a unit at a time? @throws RefusedError where only the run will tell */
function isRead(foreseen: Foreseen, unit: string, at: number): boolean {
  const { readAt, readOne } = foreseen.of(UNITS);
  if (Math.max(readAt, readOne.get(unit) ?? 0) >= at) return true;
  if ([...readOne.values()].some(time => time >= at)) throw unforeseen(unit);
  return false;
}

/** A unit's state as it will be; what it is now where nothing is planned. @throws RefusedError where only the run will tell */
export async function withPlannedUnit(on: Connection, now: UnitState): Promise<UnitState> {
  const { foreseen } = on;
  if (foreseen?.isEmpty !== false) return now;
  foreseen.requireClear(now.unit, stemOf(now.unit));
  const { units } = foreseen.of(UNITS);
  const own = plannedFiles(foreseen, now);
  const state = own.length === 0 ? { ...now, needsReload: now.needsReload && !willBeRead(foreseen, now.unit) } : await withFiles(on, now, { foreseen, own });
  return { ...state, ...units.get(now.unit)?.state };
}

/** The name as people write it. */
function stemOf(unit: string): string {
  return unit.replace(/\.service$/, '');
}

function note(foreseen: Foreseen, unit: string, more: Partial<UnitState>, startedAt: number | undefined): void {
  const { units } = foreseen.of(UNITS);
  foreseen.name(unit, stemOf(unit));
  foreseen.tick();
  units.set(unit, { state: { ...units.get(unit)?.state, ...more }, startedAt });
}

function writtenAt(foreseen: Foreseen, path: string): number {
  const will = foreseen.at(path);
  return will !== undefined && 'mtime' in will ? will.mtime : 0;
}

/** The unit's files that a planned change writes. @throws RefusedError where it does something else to them */
function plannedFiles(foreseen: Foreseen, { unit, names }: UnitState): readonly string[] {
  const fragments = [unit, templateOf(unit) ?? unit];
  const dropIns = dropInDirectories(names.length === 0 ? [unit] : names);
  const own = foreseen.paths.filter(path => {
    const [file, folder] = [posix.basename(path), posix.basename(posix.dirname(path))];
    return (DIRECTORIES.includes(posix.dirname(path)) && fragments.includes(file)) || (dropIns.includes(folder) && path.endsWith('.conf') && DIRECTORIES.includes(posix.dirname(posix.dirname(path))));
  });
  const isKnown = (path: string): boolean => ['file', 'kept'].includes(foreseen.at(path)?.kind ?? '');
  if (!own.every(isKnown)) throw unforeseen(unit);
  return own.filter(path => foreseen.at(path)?.kind === 'file');
}

async function withFiles(on: Connection, now: UnitState, { foreseen, own }: { readonly foreseen: Foreseen; readonly own: readonly string[] }): Promise<UnitState> {
  const fragment = own.find(path => !path.endsWith('.conf'));
  if (now.load === 'not-found' && fragment === undefined) return now;
  if (now.load !== 'not-found' && !own.every(path => isRead(foreseen, now.unit, writtenAt(foreseen, path)))) {
    // Of a unit that does not run systemd may have forgotten all; a file that it does not know it may not notice.
    const isNoticed = ['active', 'reloading'].includes(now.active) && own.every(path => [now.fragment, ...now.dropIns].includes(path));
    if (!isNoticed) throw unforeseen(now.unit);
    return { ...now, needsReload: true };
  }
  const main = fragment ?? now.fragment;
  const dropIns = [...new Set([...now.dropIns, ...own.filter(path => path.endsWith('.conf'))])];
  const found = await readFiles(on, [main, ...dropIns]);
  const files = [main, ...dropIns].flatMap(path => found.get(path) ?? []).map(file => parseUnitFile(file.path, file.text));
  return { ...now, fragment: main, dropIns, load: 'loaded', needsReload: false, ...settingsOf(files), ...bootOf(now, files) };
}

/** What systemd says of a unit that has these files. @see systemd.service(5), "Type=" */
function settingsOf(files: readonly UnitFile[]): Pick<UnitState, 'type' | 'restart' | 'user' | 'canReload' | 'remains'> {
  const said = (key: string): string | undefined => settingOf(files, 'Service', key);
  return {
    type: said('Type') ?? (said('BusName') !== undefined ? 'dbus' : said('ExecStart') === undefined ? 'oneshot' : 'simple'),
    restart: said('Restart') ?? 'no', user: said('User') ?? '', canReload: (said('ExecReload') ?? '') !== '', remains: /^(?:1|yes|y|true|t|on)$/i.test(said('RemainAfterExit') ?? ''),
  };
}

/** Without links of its own in a directory of another unit a unit is `disabled`, or `static` where it has no [Install]. */
function bootOf({ boot }: UnitState, files: readonly UnitFile[]): Pick<UnitState, 'boot'> {
  if (!['', 'disabled', 'static'].includes(boot)) return { boot };
  const canBeEnabled = ['WantedBy', 'RequiredBy', 'UpheldBy', 'Alias', 'Also'].some(key => settingOf(files, 'Install', key) !== undefined);
  return { boot: canBeEnabled ? 'disabled' : 'static' };
}
