/** The engine over SSH: real locks, a link that is cut, several hosts with a /run/lock of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { play, playbook, task, type Host } from '../../../core';
import { readEntries, type HostEntry } from '../../../core/inventory/define';
import { newDraft } from '../../../core/inventory/draft';
import type { Inventory } from '../../../core/inventory/host';
import { mergeDraft } from '../../../core/inventory/merge';
import type { Playbook } from '../../../core/playbook';
import type { RecapEvent, RunnerEvent } from '../../../core/report/events';
import { runPlaybook } from '../../../core/run/run';
import { createTransport } from '../../../core/transport/open';
import { startSshServer, type SshServer } from '../../support/ssh-server';
import { stateOf } from '../../support/transport';
import { content, script, text } from './modules';

/** A host's own /run/lock is a bind mount, and that needs root. */
const asRoot = describe.runIf(process.getuid?.() === 0);

interface Site extends AsyncDisposable {
  readonly inventory: Inventory;
  readonly servers: readonly SshServer[];
  run(playbook: Playbook, over?: { readonly runId?: string; readonly become?: boolean; readonly signal?: AbortSignal; readonly onEvent?: (event: RunnerEvent) => void }): Promise<{ readonly recap: RecapEvent; readonly events: readonly RunnerEvent[] }>;
}

/** A server for each host; its sessions see a /run/lock that only they share. */
async function site(...names: readonly string[]): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'runsheet-engine-ssh-'));
  const servers: SshServer[] = [];
  const hosts: Record<string, HostEntry> = {};
  for (const name of names) {
    const locks = join(dir, name);
    mkdirSync(locks);
    const server = await startSshServer({ wrap: ['unshare', '-m', 'sh', '-c', `mount --bind ${locks} /run/lock && exec "$@"`, 'sh'] });
    servers.push(server);
    hosts[name] = { ...server.host(name).connection, vars: { dir: server.dir } };
  }
  const draft = newDraft();
  readEntries(draft, { hosts }, 'test');
  const inventory = mergeDraft(draft, ['test']);
  return {
    inventory, servers,
    run: async (book, { runId = '20261122T101500Z-0001', become = false, signal = new AbortController().signal, onEvent } = {}) => {
      const events: RunnerEvent[] = [];
      const recap = await runPlaybook({
        runId, playbook: book, vars: {}, inventory, holder: 'me@here', selection: { tags: [], skipTags: [] },
        settings: { check: false, forks: 10, become, ahead: true, lockWaitMs: 0, timeoutMs: 60_000 },
        transport: createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId }),
        ask: () => Promise.resolve(true), emit: event => { events.push(event); onEvent?.(event); }, signal,
      });
      return { recap, events };
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const fileOn = (host: Host, name: string): string => join(String(host.vars['dir']), name);
const write = task('Write', ({ host }) => content({ path: fileOn(host, 'a'), text: 'x' }));
const book = (...tasks: Parameters<typeof play>[0]['tasks']): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] });
const outcomes = (events: readonly RunnerEvent[]): readonly string[] => events.flatMap(event => (event.type === 'task' ? [`${event.name} ${event.host}=${event.status}`] : [])).sort();

asRoot('over ssh', () => {
  test('a run changes hosts, a second one finds nothing to do', async () => {
    await using s = await site('m1', 'm2');
    expect(outcomes((await s.run(book(write))).events)).toEqual(['Write m1=changed', 'Write m2=changed']);
    expect(outcomes((await s.run(book(write))).events)).toEqual(['Write m1=ok', 'Write m2=ok']);
  });

  test('a second run at the same time is refused with the name of the first, which goes on', async () => {
    await using s = await site('m1', 'm2');
    const slow = task('Slow', ({ host }) => script({ run: `echo at work; echo and it ends when the second run has ended; until test -e ${fileOn(host, 'go')}; do sleep 0.05; done` }));
    const start = async (): ReturnType<Site['run']> => {
      const ended = await s.run(book(write), { runId: '20261122T101501Z-0002' });
      for (const host of s.inventory.hosts) writeFileSync(fileOn(host, 'go'), '');
      return ended;
    };
    let second: ReturnType<Site['run']> | undefined;
    const first = s.run(book(write, slow), { onEvent: event => { if (event.type === 'progress') second ??= start(); } });
    expect((await first).recap.exit).toBe(0);
    expect((await second)?.recap).toMatchObject({ exit: 1, stopped: expect.stringContaining('me@here, run 20261122T101500Z-0001') as string });
    expect((await s.run(book(write), { runId: '20261122T101502Z-0003' })).recap.exit).toBe(0);
  });

  test.each([false, true])('the shell is opened beside the lock, not after it; become: %s', async become => {
    await using s = await site('m1');
    const [m1] = s.servers;
    const slow = task('Slow', ({ host }) => script({ run: `echo at work; echo and it ends when the second run has ended; until test -e ${fileOn(host, 'go')}; do sleep 0.05; done` }));
    let opened: readonly string[] = [];
    const refused = async (): Promise<void> => {
      const before = m1?.executed.length;
      await s.run(book(write), { runId: '20261122T101501Z-0002', become });
      opened = m1?.executed.slice(before) ?? [];
      writeFileSync(join(m1?.dir ?? '', 'go'), '');
    };
    let second: Promise<void> | undefined;
    await s.run(book(write, slow), { onEvent: event => { if (event.type === 'progress') second ??= refused(); } });
    await second;
    expect(opened.map(line => (line.includes('unlock') ? 'guard' : 'shell'))).toEqual(['guard', 'shell']);
  });

  test('a host whose link is cut is unreachable, what it did is unknown, and it gets nothing more', async () => {
    await using s = await site('m1', 'm2');
    const [m1] = s.servers;
    const slow = task('Slow', ({ host }) => script({ run: host.name === 'm1' ? 'sleep 30' : ':' }));
    const after = task('After', text({ path: '/etc/motd' }));
    const cut = (event: RunnerEvent): void => { if (event.type === 'task' && event.name === 'Slow') setTimeout(() => m1?.cut(), 300); };
    const { recap, events } = await s.run(book(slow, after), { onEvent: cut });
    expect(outcomes(events)).toEqual(['After m2=ok', 'Slow m1=unreachable', 'Slow m2=changed']);
    expect(events.find(event => event.type === 'task' && event.host === 'm1')).toMatchObject({ reason: expect.stringContaining('This was while test.script') as string });
    expect(recap.exit).toBe(4);
  });

  test.for(['link', 'guard'] as const)('a host whose %s is lost between two tasks gets nothing more: its lock is gone, and no other connection is opened', async what => {
    await using s = await site('m1', 'm2');
    const first = task('First', ({ host }) => script({ run: host.name === 'm2' ? `until test -e ${fileOn(host, 'go')}; do sleep 0.05; done; sleep 0.5` : ':' }));
    const [m1, m2] = s.servers;
    const lose = (): void => {
      if (what === 'link') m1?.cut();
      else for (const pid of m1?.pids ?? []) if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('unlock')) process.kill(pid, 'SIGKILL');
      writeFileSync(join(m2?.dir ?? '', 'go'), '');
    };
    const { recap, events } = await s.run(book(first, write), { onEvent: event => { if (event.type === 'task' && event.host === 'm1') lose(); } });
    expect(outcomes(events)).toEqual(['First m1=changed', 'First m2=changed', 'Write m1=unreachable', 'Write m2=changed']);
    expect(recap.exit).toBe(4);
  });

  test('a host that is lost in its gate stays out of service, and the roll stops there', async () => {
    await using s = await site('m1', 'm2', 'm3');
    const gate = task('Gate', ({ host }) => script({ run: host.name === 'm2' ? 'echo at work; echo and it waits for a service that is not to come; sleep 30' : ':' }));
    const named = (name: string): typeof write => task(name, ({ host }) => content({ path: fileOn(host, name), text: 'x' }));
    const roll = play({ name: 'roll', hosts: 'all', strategy: 'rolling', tasks: [write], rolling: { drain: [named('Drain')], gate: [gate], undrain: [named('Undrain')], maxFailures: 2 } });
    const { recap, events } = await s.run(playbook({ name: 'P', plays: [roll] }), { onEvent: event => { if (event.type === 'progress') s.servers[1]?.cut(); } });
    expect(outcomes(events)).toEqual(['Drain m1=changed', 'Drain m2=changed', 'Gate m1=changed', 'Gate m2=unreachable', 'Undrain m1=changed', 'Write m1=changed', 'Write m2=changed']);
    const notices = events.flatMap(event => (event.type === 'notice' ? [event.text] : []));
    expect(notices).toContainEqual(expect.stringMatching(/^"roll": m2 stays out of service, since it is unreachable/));
    expect(notices.at(-1)).toBe('"roll" stops here, since the gate of m2 did not hold: not started on m3');
    expect(recap.exit).toBe(4);
  });

  test('a cancel ends commands on the hosts and gives locks back', async () => {
    await using s = await site('m1', 'm2');
    const stop = new AbortController();
    const slow = task('Slow', ({ host }) => script({ run: `echo $$ > ${fileOn(host, 'pid')}; echo at work; echo and it will take a long while, half a minute; sleep 30; touch ${fileOn(host, 'late')}` }));
    const busy = new Set<string>();
    const { recap, events } = await s.run(book(slow), { signal: stop.signal, onEvent: event => {
      if (event.type === 'progress') busy.add(event.host);
      if (busy.size === 2) stop.abort();
    } });
    expect(outcomes(events)).toEqual(['Slow m1=unknown', 'Slow m2=unknown']);
    expect(recap.exit).toBe(130);
    for (const host of s.inventory.hosts) expect(stateOf(readFileSync(fileOn(host, 'pid'), 'utf8').trim())).toMatch(/^(gone|Z)/);
    expect((await s.run(book(write), { runId: '20261122T101501Z-0002' })).recap.exit).toBe(0);
  });
});
