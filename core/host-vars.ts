/**
 * Typed variables of hosts: a schema, and through it each host's own values.
 *
 *     const web = hostVars('web', z.strictObject({ port: z.number().default(80).describe('where nginx listens'), docroot: z.string() }));
 *     const site = task('Write the site', ({ host }) => file.template({ path, template, values: web.of(host) }));
 *     export default playbook({ name: 'Site', hostVars: web, plays: [play({ name: 'web', hosts: 'web', tasks: [site] })] });
 */
import type { z } from 'zod';
import { PlaybookError } from './errors';
import type { Host } from './inventory/host';
import { refuseAsValue, siteHere, type Site } from './site';

/** A handle on the variables of some hosts. `V` is the type of one host's values. */
export interface HostVars<V> {
  readonly kind: 'hostVars';
  /** The pattern of the hosts that have them. */
  readonly hosts: string;
  readonly schema: z.core.$ZodType;
  readonly site: Site;
  /**
   * The values of this host, or of another one: in plays as a function, and in every function of a task.
   * @throws PlaybookError for a host that the pattern does not name, and for values that the schema refuses
   */
  readonly of: (host: Host) => V;
  /** For the runner, once it has read playbook and inventory: it gives what the schema parsed. As a method's type, so that every handle is a `HostVars<unknown>`. */
  give(host: Host, value: () => V): void;
}

/**
 * Declares variables that each host of a pattern has. A value is, by name, the first of these that there is: `--set`, the `--vars` file (the last one that
 * names it), the host in the inventory, its groups (the nearest first), the schema's default. The hosts of the run's plays are all checked before any connection.
 * @param hosts an Ansible host pattern; `all` for every host
 * @param schema a zod object; names of the inventory that it does not have are left alone
 */
export function hostVars<V>(hosts: string, schema: z.core.$ZodType<V>): HostVars<V> {
  const values = new WeakMap<Host, () => V>();
  const site = siteHere(hostVars);
  return refuseAsValue({
    kind: 'hostVars', hosts, schema, site,
    of: host => {
      const value = values.get(host);
      if (value === undefined) throw new PlaybookError([`${site.at()}: hostVars has no values for ${host.name}: it has them for the hosts "${hosts}", in a playbook that names it in hostVars, and not while that file is still being loaded`]);
      return value();
    },
    give: (host, value) => { values.set(host, value); },
  }, `hostVars("${hosts}")`, 'write .of(host)');
}
