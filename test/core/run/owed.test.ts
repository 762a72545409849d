/** Handlers that are owed: written on the host before the change, done by whichever run comes next. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { handler, play, playbook, task } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { content, script } from './modules';
import { world, type World } from './world';

const FOLDER = '.state/owed';

function owedOn(w: World, host: string): readonly unknown[] {
  const folder = w.path(host, FOLDER);
  return existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')).map(name => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as unknown) : [];
}

function withoutTime(text: string | undefined): string | undefined {
  return text?.replace(/"since":"[^"]*"/, '');
}

/** Writes a file and notifies; a task in between may fail. */
function site(w: World, { fails = false, name = 'Site' }: { readonly fails?: boolean; readonly name?: string } = {}): Playbook {
  const reload = handler('Reload', ({ host }) => script({ run: fails ? 'exit 3' : `echo reload ${host.name} >>${w.logFile}` }));
  const write = task('Write', ({ host }) => content({ path: w.path(host, 'conf'), text: 'new' }), { notify: reload });
  return playbook({ name, plays: [play({ name: 'web', hosts: 'web', tasks: [write] })] });
}

describe('a handler that is owed', () => {
  test('is written down before the change, and struck out when it has run', async () => {
    using w = world('h1', 'h2');
    const done = await w.run(site(w), { onEvent: event => { if (event.type === 'start' && event.name === 'Reload') expect(owedOn(w, 'h1')).toMatchObject([{ playbook: 'Site', handler: 'Reload', run: 'run-1' }]); } });
    expect(done.recap.exit).toBe(0);
    expect([...w.log].sort()).toEqual(['reload h1', 'reload h2']);
    expect(owedOn(w, 'h1')).toEqual([]);
  });

  test('is done by the next run, though nothing changes any more', async () => {
    using w = world('h1');
    expect((await w.run(site(w, { fails: true }))).recap.exit).toBe(2);
    expect(owedOn(w, 'h1')).toMatchObject([{ handler: 'Reload' }]);
    const next = await w.run(site(w));
    expect(next.of('Write')).toBe('h1=ok');
    expect(next.of('Reload')).toBe('h1=changed');
    expect(owedOn(w, 'h1')).toEqual([]);
    expect((await w.run(site(w))).of('Reload')).toBe('');
  });

  test('is seen by check mode, which strikes nothing out', async () => {
    using w = world('h1');
    await w.run(site(w, { fails: true }));
    const seen = await w.run(site(w), { settings: { check: true } });
    expect(seen.of('Reload')).toBe('h1=changed');
    expect(owedOn(w, 'h1')).toHaveLength(1);
  });

  test('survives a cancel between the change and the end of the play', async () => {
    using w = world('h1');
    const stopping = new AbortController();
    const cut = await w.run(site(w), { signal: stopping.signal, onEvent: event => { if (event.type === 'task' && event.name === 'Write') stopping.abort(); } });
    expect(cut.recap.exit).toBe(130);
    expect((await w.run(site(w))).of('Reload')).toBe('h1=changed');
  });

  test('stays as the first change wrote it, and is written again where the host died over it', async () => {
    using w = world('h1');
    await w.run(site(w, { fails: true }));
    const [name = ''] = readdirSync(w.path('h1', FOLDER));
    const file = `${FOLDER}/${name}`;
    const first = w.read('h1', file) ?? '';
    // As earlier versions wrote it, without a line break.
    const older = first.trimEnd().replace('run-1', 'run-0');
    for (const [there, then] of [[older, older], ['', first.replace('run-1', 'run-3')], [first.slice(0, 30), first.replace('run-1', 'run-4')]] as const) {
      w.write('h1', file, there);
      w.write('h1', 'conf', 'old');
      await w.run(site(w, { fails: true }));
      expect(withoutTime(w.read('h1', file))).toBe(withoutTime(then));
    }
  });

  test('of another playbook is told, and a change needs a word from the user', async () => {
    using w = world('h1');
    await w.run(site(w, { fails: true }));
    w.write('h1', 'conf', 'old');
    const questions: string[] = [];
    const answer = (yes: boolean) => (text: string): Promise<boolean> => { questions.push(text); return Promise.resolve(yes); };
    const refused = await w.run(site(w, { name: 'Other' }), { ask: answer(false) });
    expect(refused.recap).toMatchObject({ exit: 1, stopped: expect.stringContaining('not confirmed') as string });
    expect(w.read('h1', 'conf')).toBe('old');
    expect(questions).toEqual([expect.stringContaining('h1 is owed the handler "Reload" of the playbook "Site"')]);
    const agreed = await w.run(site(w, { name: 'Other' }), { ask: answer(true) });
    expect(agreed.recap.exit).toBe(0);
    expect(owedOn(w, 'h1')).toMatchObject([{ playbook: 'Site' }]);
  });
});
