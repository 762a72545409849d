/** The answer to a removal is lost on its way: nobody knows whether it happened, until the list is read. hazards: E1. */
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import type { Target } from '../../../core/transport/connection';
import { gate } from '../../../modules/etcd';
import { readCredentials } from '../../../modules/etcd/access';
import { openClient } from '../../../modules/etcd/client';
import { attempt, listAfter } from '../../../modules/etcd/membership';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';
import { Cluster } from './cluster';

const here = localTarget();
const LONG = 120_000;

/** A target whose streams stop bringing anything back once they are told to. */
function losing(on: Target, how: 'cut' | 'silence'): { readonly on: Target; readonly lose: () => void } {
  const open: { stream: Duplex; lost: boolean }[] = [];
  const forward = async (address: string, port: number): Promise<Duplex> => {
    const inner = await on.forward(address, port);
    const state = { stream: inner, lost: false };
    open.push(state);
    const outer = new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => { inner.write(chunk, done); },
      destroy: (error, done) => { inner.destroy(); done(error); },
    });
    inner.on('data', chunk => { if (!state.lost) outer.push(chunk); });
    inner.on('close', () => outer.destroy());
    inner.on('error', () => outer.destroy());
    return outer;
  };
  const lose = (): void => {
    for (const state of open) {
      state.lost = true;
      if (how === 'cut') setTimeout(() => state.stream.destroy(), 400);
    }
  };
  const { host, user, runId, signal } = on;
  const target: Target = {
    host, user, runId, signal, forward,
    run: (command, options) => on.run(command, options), write: (path, content, options) => on.write(path, content, options), read: path => on.read(path),
    readSecret: path => on.readSecret(path), fetch: (path, to) => on.fetch(path, to), say: line => on.say(line), print: text => on.print(text),
  };
  return { on: target, lose };
}

test.for(['cut', 'silence'] as const)('the connection is lost by a %s after the request has left', { timeout: LONG }, async how => {
  await using cluster = await Cluster.start(3);
  // Before that etcd would refuse it, since its members have only just met.
  const list = (await carryOut(gate({ ...cluster.access(0), expected: {} }), here)).value.members;
  const target = list.find(member => member.name === 'm3')?.id ?? '';
  const { on, lose } = losing(here, how);
  const access = cluster.access(0);
  const client = await openClient(on, access, await readCredentials(on, access));
  try {
    await client.members();
    const outcome = attempt(on, { call: 'remove', does: 'remove m3', retries: 0, send: () => { lose(); return client.removeMember(target); } });
    expect(await outcome).toBe('unknown');
    const after = await listAfter(on, client, 'remove m3');
    expect(after.members.map(member => member.name).sort()).toEqual(['m1', 'm2']);
    expect(here.said.at(-1)).toMatch(how === 'cut' ? /^remove m3: / : /^remove m3: no answer in time/);
  } finally {
    await client.close();
  }
});

test('with no quorum left it says what must not be done now', { timeout: LONG }, async () => {
  await using cluster = await Cluster.start(2);
  const access = cluster.access(0);
  const client = await openClient(here, access, await readCredentials(here, access));
  try {
    await client.members();
    await cluster.kill(1);
    await expect(listAfter(here, client, 'remove m2')).rejects.toMatchObject({
      message: expect.stringMatching(/whether etcd did "remove m2" is unknown, and its list of members cannot be read: .*no answer in time/) as string,
      hint: expect.stringMatching(/Start or stop no member/) as string,
    });
  } finally {
    await client.close();
  }
});
