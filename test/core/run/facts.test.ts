/** Facts: looked up when a task needs them, once in a run. */
import { describe, expect, test } from 'vitest';
import { fact, play, playbook, task, type Step } from '../../../core';
import { probe, query } from '../../../core/module';
import { cmd } from '../../../core/transport/command';
import { content, output, script } from './modules';
import { world, type World } from './world';

/** Leaves a line in the log, so that looks can be counted. */
const colourOf = query({
  name: 'test.colour',
  subject: ({ log }: { readonly log: string }) => log,
  inspect: ({ log }) => probe(cmd`echo looked >>${log}; echo blue`, result => result.stdout.trim()),
});

function look(w: World) {
  return fact(colourOf({ log: w.logFile }));
}

const site = (...tasks: readonly Step[]) => playbook({ name: 'Site', plays: [play({ name: 'web', hosts: 'web', tasks })] });

describe('a fact', () => {
  test('is looked up once a host, however many tasks use it, and never where none does', async () => {
    using w = world('h1', 'h2');
    const colour = look(w);
    const write = (name: string): Step => task(`Write ${name}`, ({ colour: is, host }) => content({ path: w.path(host, name), text: is }), { uses: { colour }, when: ({ host }) => host.name === 'h1' || name === 'a' });
    const result = await w.run(site(write('a'), write('b')));
    expect(result.recap.exit).toBe(0);
    expect([w.read('h1', 'a'), w.read('h2', 'a'), w.read('h1', 'b')]).toEqual(['blue', 'blue', 'blue']);
    expect(w.log).toEqual(['looked', 'looked']);
    expect((await w.run(site(task('Other', ({ host }) => content({ path: w.path(host, 'c'), text: 'x' }))))).recap.exit).toBe(0);
    expect(w.log).toHaveLength(2);
  });

  test('is shared by two handles on the same look', async () => {
    using w = world('h1');
    const write = (name: string, colour: ReturnType<typeof look>): Step => task(`Write ${name}`, ({ colour: is, host }) => content({ path: w.path(host, name), text: is }), { uses: { colour } });
    await w.run(site(write('a', look(w)), write('b', look(w))));
    expect(w.log).toEqual(['looked']);
  });

  test('of a task that is done once is asked of one host', async () => {
    using w = world('h1', 'h2', 'h3');
    const result = await w.run(site(task('Once', ({ colour }) => script({ run: `echo ${colour} >>${w.logFile}` }), { uses: { colour: look(w) }, runOnce: true })));
    expect(result.of('Once')).toBe('h1=changed');
    expect(w.log).toEqual(['looked', 'blue']);
  });

  test('is known in check mode', async () => {
    using w = world('h1');
    const result = await w.run(site(task('Write', ({ colour: is, host }) => content({ path: w.path(host, 'a'), text: is }), { uses: { colour: look(w) } })), { settings: { check: true } });
    expect(result.tasks[0]).toMatchObject({ status: 'changed', changes: [{ to: 'blue' }] });
  });

  test('that cannot be looked up fails the task that needs it, with the reason', async () => {
    using w = world('h1');
    const result = await w.run(site(task('Write', ({ colour: is, host }) => content({ path: w.path(host, 'a'), text: is }), { uses: { colour: fact(output({ script: 'echo broken >&2; exit 3' })) } })));
    expect(result.recap.exit).toBe(2);
    expect(result.reason('Write')).toMatch(/it uses "test\.output", which has no value: .*exited with code 3.*broken/s);
  });

  test('of a host that is gone makes it unreachable', async () => {
    using w = world('h1', 'h2');
    w.down.add('h2');
    const result = await w.run(site(task('Write', ({ colour: is, host }) => content({ path: w.path(host, 'a'), text: is }), { uses: { colour: look(w) } })));
    expect(result.of('Write')).toBe('h1=changed h2=unreachable');
    expect(result.recap.exit).toBe(4);
  });
});
