/** Steps on every node's nginx: one API server out and back, and the cut-over to the kept ones. */
import { addressOf, all, once, play, task, type Host, type Play, type Task } from '../../core';
import * as nginx from '../../modules/nginx';
import * as pki from '../../modules/pki';
import * as value from '../../modules/value';
import type { Context } from './context';
import type { Decision } from './decision';
import { hostOf, isOneOf, portOf } from '../steps/urls';

/** All nodes send new connections elsewhere while this kept master's API server restarts; the other ones serve. */
export function drain(context: Context, host: Host): Edited {
  const isThis = (server: string): boolean => isOneOf(server, [addressOf(host)]);
  return edit(context, `Send clients past ${host.name}`, {
    when: decision => restarts(decision, host),
    wish: server => (isKept(context, server) ? { down: isThis(server) } : undefined),
  });
}

/**
 * It serves again: all kept API servers are up in every nginx. It uses what the drain did, so that check mode, for which the master is not drained,
 * says that it cannot tell instead of "nothing to do".
 */
export function undrain(context: Context, host: Host, drained: Edited): Play {
  return edit(context, `Let clients back to ${host.name}`, {
    when: decision => restarts(decision, host),
    wish: server => (isKept(context, server) ? { down: false } : undefined),
    after: drained,
  }).play;
}

/**
 * The leaving API servers get no new connection from any node; old ones stay until the server ends them.
 * hazards: S2 (with one live server left, max_fails would disable it for fail_timeout), K3, K4
 */
export function cutOver(context: Context): Play {
  const single = context.world.kept.length === 1;
  return edit(context, 'Cut over to the kept API servers', {
    when: () => true,
    wish: server => {
      if (!isKept(context, server)) return { down: true };
      return single ? { down: false, max_fails: 0 } : { down: false };
    },
  }).play;
}

/** Clients of every node reach a kept API server: a handshake through the proxy shows a kept one's certificate. hazards: K4 */
export function verifyCutOver({ vars, world, reading }: Context): readonly Play[] {
  const shown = task('Read what the kept API server shows', ({ reading: master, host }) => pki.served({
    address: addressOf(host), port: 'facts' in master ? master.facts.apiserver.port : 6443, ca: vars.ca.cert,
  }), { uses: { reading } });
  const serials: Task<readonly string[]> = task('Collect the serials', ({ certificates }) =>
    value.computed('serials of the kept API servers', () => [...certificates.values()].flatMap(seen => ('leaf' in seen ? [seen.leaf.serial] : []))),
  { runOnce: true, uses: { certificates: all(shown) } });
  const check = task('See a kept API server behind the proxy', ({ kept }) => pki.serves({
    address: hostOf(vars.proxy) ?? vars.proxy, port: portOf(vars.proxy) ?? 8443, ca: vars.ca.cert, serials: kept,
  }), { uses: { kept: once(serials) } });
  return [
    play({ name: 'What the kept API servers show', hosts: world.kept, become: true, tasks: [shown] }),
    play({ name: 'Serials of the kept API servers', hosts: world.kept, become: true, tasks: [serials] }),
    play({ name: 'Verify the cut-over by its effect', hosts: world.proxies, become: true, tasks: [check] }),
  ];
}

/** What one server line is to say. */
type ServerWish = Readonly<Record<string, boolean | number>>;

/** An edit of all proxies, and the task that brings it into force. */
export interface Edited { readonly play: Play; readonly inForce: Task<unknown> }

interface Edit {
  readonly when: (decision: Decision) => boolean;
  /** What a server line is to say; `undefined` leaves it alone. */
  readonly wish: (server: string) => ServerWish | undefined;
  /** The edit that this one takes back. */
  readonly after?: Edited;
}

function edit({ vars, world, decision, upstream }: Context, name: string, { when, wish, after }: Edit): Edited {
  const { nginx: unit } = vars.units;
  const changed = task('Edit the upstream', ({ upstream: seen }) => nginx.upstream({
    unit, upstream: vars.nginx.upstream, backup: true,
    servers: Object.fromEntries(seen.servers.flatMap(({ address }) => { const wanted = wish(address); return wanted === undefined ? [] : [[address, wanted] as const]; })),
  }), { uses: { upstream, decision, ...(after === undefined ? {} : { after: after.inForce }) }, when: ({ decision: plan }) => when(plan) });
  const reload = task('Bring it into force', ({ changed: edited }) => nginx.inForce({ unit, pending: edited?.changed ?? false }),
    { uses: { changed, decision }, when: ({ decision: plan }) => when(plan) });
  return { play: play({ name, hosts: world.proxies, become: true, tasks: [changed, reload] }), inForce: reload };
}

/** Does this kept master's API server have to be restarted? */
export function restarts(decision: Decision, host: Host): boolean {
  return decision.kept.get(host.name)?.restartsApiserver === true;
}

function isKept({ world }: Context, server: string): boolean {
  return isOneOf(server, world.kept.map(addressOf));
}
