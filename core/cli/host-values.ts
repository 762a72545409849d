/** The variables of hosts: collected from all levels, parsed by the playbook's schemas, and laid into its handles. */
import type { z } from 'zod';
import { PlaybookError, UsageError, messageOf } from '../errors';
import type { HostVars } from '../host-vars';
import { KNOWN } from '../inventory/variables';
import type { Host, Inventory } from '../inventory/host';
import type { Playbook } from '../playbook';
import { hostList } from '../report/format';
import { nearest } from '../suggest';
import { levelsOf, rawOf, type Level, type LevelSources } from './levels';
import { parseVars, type ParsedVars, type Telling } from './parse-vars';
import { asSchema, isOpen, shapeOf, varsOf } from './schema';
import { unknownName, type GivenVars } from './set-vars';

/** The handles of a playbook. @throws PlaybookError for a schema that is no object, and for names that stand in `vars` too or say how a host is reached */
export function hostVarsOf({ hostVars = [], vars }: Pick<Playbook, 'hostVars' | 'vars'>): readonly HostVars<unknown>[] {
  const handles = 'kind' in hostVars ? [hostVars] : hostVars;
  const own = new Set(namesOf(vars && asSchema(vars)));
  const problems = handles.flatMap(({ schema, site }) => {
    if (shapeOf(asSchema(schema)) === undefined) return [`${site.at()}: hostVars takes a zod object; write hostVars(pattern, z.strictObject({ ... }))`];
    return namesOf(asSchema(schema)).flatMap(name => {
      if (own.has(name)) return [`${site.at()}: the variable ${name} is one of the playbook and one of its hosts as well; take it out of vars or out of hostVars`];
      return KNOWN.has(name) ? [`${site.at()}: ${name} says how a host is reached, and only the inventory sets it; take host.connection, or another name`] : [];
    });
  });
  if (problems.length > 0) throw new PlaybookError(problems);
  return handles;
}

/** What the command line gave, shared out: the playbook's own variables, and those of hosts. @throws UsageError for a name that nobody has */
export function shareOut(playbook: Playbook, { files, sets }: GivenVars): { readonly own: GivenVars; readonly ofHosts: GivenVars } {
  const schema = varsOf(playbook);
  const ofHosts = new Set(hostVarsOf(playbook).flatMap(({ schema: one }) => namesOf(asSchema(one))));
  const all = [...namesOf(schema), ...ofHosts];
  const refuse = (name: string, start: string): void => {
    if (all.includes(name) || (schema !== undefined && isOpen(schema))) return;
    throw new UsageError(`${start}: ${unknownName([], name, all)}`);
  };
  for (const { name, at } of files) refuse(name, at);
  for (const { path } of sets) refuse(path[0] ?? '', `--set ${path.join('.')}`);
  const part = (isWanted: (name: string) => boolean): GivenVars => ({ files: files.filter(({ name }) => isWanted(name)), sets: sets.filter(({ path }) => isWanted(path[0] ?? '')) });
  return { own: part(name => !ofHosts.has(name)), ofHosts: part(name => ofHosts.has(name)) };
}

/** What one handle has for one host. */
export interface HostReading {
  readonly handle: HostVars<unknown>;
  readonly levels: ReadonlyMap<string, readonly Level[]>;
  readonly parsed: ParsedVars;
}

/** The values of every host, each read when it is first asked for. */
export class HostValues {
  readonly #readings = new Map<Host, (() => HostReading)[]>();
  #isVerified = false;

  /** Lays them into the playbook's handles. @throws PlaybookError for a handle whose pattern the inventory cannot read */
  constructor(handles: readonly HostVars<unknown>[], private readonly sources: LevelSources) {
    for (const handle of handles) {
      const hosts = selectFor(handle, sources.inventory);
      for (const host of hosts) {
        const read = once(() => this.#read(handle, host));
        this.#readings.set(host, [...(this.#readings.get(host) ?? []), read]);
        handle.give(host, () => {
          const { parsed } = read();
          if (parsed.ok) return parsed.vars;
          // Asked for by the playbook's function of plays, before anybody knows the hosts of its plays: those of the handle are told, at once.
          throw new PlaybookError(this.#problemsOf(this.#isVerified ? [host] : hosts));
        });
      }
    }
  }

  /** What the handles that have values for this host read. */
  of(host: Host): readonly HostReading[] {
    return (this.#readings.get(host) ?? []).map(read => read());
  }

  /** Checks the hosts of the run's plays. @throws PlaybookError with all that is wrong with their values */
  verify(hosts: readonly Host[]): void {
    const problems = this.#problemsOf(hosts);
    if (problems.length > 0) throw new PlaybookError(problems);
    this.#isVerified = true;
  }

  /** A sentence for each problem, with the names of all hosts that have it. */
  #problemsOf(hosts: readonly Host[]): readonly string[] {
    const hostsBy = new Map<string, Set<string>>();
    for (const host of hosts) {
      const problems = this.of(host).flatMap(({ parsed }) => (parsed.ok ? [] : parsed.problems));
      for (const problem of problems) hostsBy.set(problem, (hostsBy.get(problem) ?? new Set()).add(host.name));
    }
    return [...hostsBy].map(([problem, names]) => `${hostList([...names])}: ${problem}`);
  }

  #read(handle: HostVars<unknown>, host: Host): HostReading {
    const schema = asSchema(handle.schema);
    const names = namesOf(schema);
    const ofHandle = ({ files, sets }: GivenVars): GivenVars => ({ files, sets: sets.filter(({ path }) => names.includes(path[0] ?? '')) });
    const levels = levelsOf(schema, host, { ...this.sources, given: ofHandle(this.sources.given) });
    return { handle, levels, parsed: parseVars(schema, rawOf(levels), this.sources.inventory, this.#telling(host, levels, names)) };
  }

  #telling(host: Host, levels: ReadonlyMap<string, readonly Level[]>, names: readonly string[]): Telling {
    return {
      place: name => { const at = levels.get(name)?.[0]?.at; return at === undefined ? '' : ` (${at})`; },
      missing: (name, dotted) => {
        const others = this.sources.inventory.origins(host).filter(origin => !names.includes(origin.name) && !KNOWN.has(origin.name));
        const meant = others.find(origin => origin.name === nearest(name, others.map(other => other.name)));
        if (meant !== undefined && !levels.has(name)) return `${meant.values[0]?.at ?? 'the inventory'} sets "${meant.name}"; did you mean "${name}"?`;
        return `set it in the inventory for the host or its group, in a --vars file, or with --set ${dotted}=...`;
      },
    };
  }
}

function selectFor(handle: HostVars<unknown>, inventory: Inventory): readonly Host[] {
  try {
    return inventory.select(handle.hosts);
  } catch (error) {
    throw new PlaybookError([`${handle.site.at()}: hostVars: ${messageOf(error)}`]);
  }
}

function namesOf(schema: z.ZodType | undefined): readonly string[] {
  return Object.keys((schema === undefined ? undefined : shapeOf(schema)) ?? {});
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
