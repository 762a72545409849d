/** What a run reports of itself, over SSH: round trips, answers ahead, bytes. Times are only there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { fact, handler, play, playbook, task, type Step } from '../../../core';
import { readEntries } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import { mergeDraft } from '../../../core/inventory/merge';
import { live, query } from '../../../core/module';
import { Meter, type RunFigures, type TaskFigures } from '../../../core/run/meter';
import { runPlaybook } from '../../../core/run/run';
import { createTransport } from '../../../core/transport/open';
import type { SshServer } from '../../support/ssh-server';
import { sshTest } from '../../support/ssh-test';
import { content, output, script, text } from './modules';

/** Runs it on hosts of one server. */
async function measured(server: SshServer, tasks: readonly Step[], { names = ['m1'], ahead = true }: { readonly names?: readonly string[]; readonly ahead?: boolean } = {}): Promise<RunFigures> {
  const draft = newDraft();
  readEntries(draft, { hosts: Object.fromEntries(names.map(name => [name, server.host(name).connection])) }, 'test');
  const runId = '20261122T101500Z-0001';
  const meter = new Meter();
  const recap = await runPlaybook({
    runId, meter, playbook: playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] }), vars: {}, inventory: mergeDraft(draft, ['test']),
    holder: 'me@here', selection: { tags: [], skipTags: [] }, settings: { check: false, forks: 10, become: false, ahead, lockWaitMs: 0, timeoutMs: 60_000 },
    transport: createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId, lockDirectory: server.dir, watch: meter }),
    ask: () => Promise.resolve(true), emit: () => undefined, signal: new AbortController().signal,
  });
  expect(recap).toMatchObject({ exit: 0 });
  return meter.figures();
}

const counted = (tasks: readonly TaskFigures[]): readonly string[] => tasks.map(({ name, hosts, trips, ahead, bytes }) => `${name}: ${hosts} hosts, ${trips} trips, ${ahead} ahead, ${bytes} bytes`);

/** Three files that are as they should be. */
function files(server: SshServer): readonly Step[] {
  return ['a', 'b', 'c'].map(name => {
    const path = join(server.dir, name);
    writeFileSync(path, 'twelve bytes');
    return task(name, content({ path, text: 'twelve bytes' }));
  });
}

describe('the meter', () => {
  sshTest('counts one round trip for all looks that were sent together', async ({ server }) => {
    const figures = await measured(server, files(server));
    expect(counted(figures.tasks)).toEqual(['a: 1 hosts, 1 trips, 0 ahead, 12 bytes', 'b: 1 hosts, 0 trips, 1 ahead, 12 bytes', 'c: 1 hosts, 0 trips, 1 ahead, 12 bytes']);
    // The fourth command asks what handlers are owed.
    expect(figures).toMatchObject({ connections: 1, asked: 4, ahead: 2, most: { host: 'm1', trips: 1 } });
  });

  sshTest('counts a round trip for each look that is not sent ahead', async ({ server }) => {
    const figures = await measured(server, files(server), { ahead: false });
    expect(counted(figures.tasks)).toEqual(['a', 'b', 'c'].map(name => `${name}: 1 hosts, 1 trips, 0 ahead, 12 bytes`));
    expect(figures).toMatchObject({ asked: 4, ahead: 0, most: { host: 'm1', trips: 3 } });
  });

  sshTest('counts a change and the look behind it as one', async ({ server }) => {
    const { tasks } = await measured(server, [task('Write', content({ path: join(server.dir, 'new'), text: 'x' }))]);
    expect(tasks).toMatchObject([{ trips: 2, ahead: 1 }]);
  });

  sshTest('says what is waited for: bytes of the wire, connecting, each task', async ({ server }) => {
    const { received, sent, connecting, tasks: [first] } = await measured(server, files(server));
    expect(Math.min(received, sent)).toBeGreaterThan(1000);
    expect(connecting?.to).toBeGreaterThan(connecting?.from ?? Infinity);
    expect(first?.span.from).toBeGreaterThan(0);
    expect(first?.slowest.host).toBe('m1');
    expect(first?.waited.sum).toBeGreaterThan(0);
    expect(first?.waited.most).toBeLessThanOrEqual(first?.slowest.ms ?? 0);
  });

  sshTest('adds up hosts, and takes round trips from the one with the most', async ({ server }) => {
    const path = join(server.dir, 'a');
    writeFileSync(path, 'x');
    const tasks = [
      task('Read', text({ path })),
      task('Ask', ({ host }) => (host.name === 'm2' ? [output({ script: 'echo 1' }), output({ script: 'echo 2 >&2' })] : [output({ script: 'echo 3' })])),
    ];
    const figures = await measured(server, tasks, { names: ['m1', 'm2'] });
    expect(counted(figures.tasks)).toEqual(['Read: 2 hosts, 1 trips, 0 ahead, 2 bytes', 'Ask: 2 hosts, 2 trips, 0 ahead, 6 bytes']);
    expect(figures).toMatchObject({ connections: 2, most: { host: 'm2', trips: 3 } });
  });

  sshTest('counts facts, handlers and what is no command', async ({ server }) => {
    const path = join(server.dir, 'a');
    writeFileSync(path, 'x');
    const secret = query({ name: 'test.secret', subject: ({ path: of }: { readonly path: string }) => of, inspect: ({ path: of }) => live(async on => (await on.readSecret(of)).reveal().length) });
    const release = fact(output({ script: 'echo 12' }));
    const reload = handler('Reload', script({ run: ':' }));
    const figures = await measured(server, [
      task('One', ({ release: is }) => text({ path: `${path}-${is}-one` }), { uses: { release } }),
      task('Two', ({ release: is }) => text({ path: `${path}-${is}-two` }), { uses: { release } }),
      task('Secret', secret({ path })),
      task('Change', script({ run: ':' }), { notify: [reload] }),
    ]);
    expect(figures.tasks.map(({ name, isHandler, trips }) => [name, isHandler, trips])).toEqual([['One', false, 2], ['Two', false, 0], ['Secret', false, 1], ['Change', false, 1], ['Reload', true, 1]]);
  });
});
