/** `runsheet owed`: handlers that changes called for and that have not run since. */
import { messageOf, UsageError } from '../errors';
import type { Host } from '../inventory/host';
import { loadInventory } from '../inventory/load';
import { becomeUser } from '../run/become';
import { clearOwed, readOwed, type OwedHandler } from '../run/owed-files';
import { mapLimited } from '../run/pool';
import { newRunId } from '../run/run-id';
import type { Connection } from '../transport/connection';
import { ask } from './ask';
import { becomePassword } from './become-password';
import type { OwedOptions } from './options';
import { transportFor } from './reach';

/** What is known of one host. */
type Found = { readonly host: Host; readonly on: Connection; readonly owed: readonly OwedHandler[] } | { readonly host: Host; readonly problem: string };

/**
 * Lists what hosts owe; with `--clear` strikes it out after a question, for what was done by hand. It reads as the user that changes things there:
 * root where the inventory or `-b` says so.
 * @returns the exit code: 0, or 4 when a host could not be asked
 * @throws UsageError or InventoryError
 */
export async function owedCommand(pattern: string, options: OwedOptions): Promise<number> {
  const inventory = loadInventory(options.inventory);
  const hosts = inventory.select(pattern);
  if (hosts.length === 0) throw new UsageError(`the pattern "${pattern}" matches no host of the inventory`);
  const password = await becomePassword(options);
  const stopping = new AbortController();
  const transport = transportFor({ runId: newRunId(), options, password, notice: (host, text) => process.stderr.write(`${host.name}: ${text}\n`) });
  try {
    const found = await mapLimited(hosts, options.forks, async (host): Promise<Found> => {
      try {
        const on = await (await transport.link(host, stopping.signal)).as(becomeUser(host, undefined, options.become));
        return { host, on, owed: await readOwed(on) };
      } catch (error) {
        // The host's name stands before it already.
        return { host, problem: messageOf(error).replace(`${host.name}: `, '') };
      }
    });
    process.stdout.write(`${found.flatMap(lines).join('\n')}\n`);
    if (options.clear) await clear(found, options, stopping.signal);
    return found.some(each => 'problem' in each) ? 4 : 0;
  } finally {
    await transport.close();
  }
}

function lines(found: Found): readonly string[] {
  if ('problem' in found) return [`${found.host.name}  not known: ${found.problem}`];
  if (found.owed.length === 0) return [`${found.host.name}  nothing`];
  return found.owed.map(({ handler, playbook, since, run }) => `${found.host.name}  "${handler}" of the playbook "${playbook}", since ${since} (run ${run})`);
}

async function clear(found: readonly Found[], options: OwedOptions, signal: AbortSignal): Promise<void> {
  const owing = found.flatMap(each => ('owed' in each && each.owed.length > 0 ? [each] : []));
  if (owing.length === 0) return;
  const question = `Strike this out on ${owing.map(each => each.host.name).join(', ')}, because it was done by hand?`;
  if (!await ask(question, { yes: options.yes, output: process.stdout, signal, aside: asked => asked() })) return;
  await mapLimited(owing, options.forks, async ({ on, owed }) => { for (const each of owed) await clearOwed(on, each); });
}
