/** Check mode tells what the run then does: tasks see what earlier ones of the same host would leave behind. */
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { handler, play, playbook, task, type Step } from '../../../core';
import type { Playbook } from '../../../core/playbook';
import { Secret } from '../../../core/secret';
import { agreementOf } from '../../../lab/proofs/agreement';
import * as command from '../../../modules/command';
import * as file from '../../../modules/file';
import { world, type Result, type World } from './world';

const { cmd } = command;
const check = { settings: { check: true } };
const book = (tasks: readonly Step[]): Playbook => playbook({ name: 'P', plays: [play({ name: 'p', hosts: 'all', tasks })] });
const template = join(__dirname, '../../../lab/everyday/templates/pulse.conf.hbs');

/** Checks, then runs; nothing may differ but what check mode called unknown. */
async function agrees(w: World, steps: readonly Step[], unknown: readonly string[] = []): Promise<{ readonly checked: Result; readonly ran: Result }> {
  const checked = await w.run(book(steps), check);
  const ran = await w.run(book(steps));
  expect(ran.recap.exit, ran.tasks.map(each => each.reason).join('\n')).toBe(0);
  expect(checked.tasks.filter(each => each.status === 'unknown').map(each => `${each.name}: ${each.reason ?? ''}`), 'unknown').toEqual(unknown.map(name => expect.stringContaining(`${name}: `) as string));
  const { open, ...agreement } = agreementOf(checked.events, ran.events);
  expect({ ...agreement, named: 0, made: 0, agreed: 0 }).toEqual({ named: 0, made: 0, agreed: 0, others: [], unlisted: [], notMade: [], otherValues: [] });
  expect(agreement.agreed + open.length).toBe(agreement.made);
  expect(agreement.made).toBeGreaterThan(0);
  return { checked, ran };
}

interface Row { readonly given?: (w: World) => void; readonly tasks: (at: (name: string) => string) => readonly Step[]; readonly unknown?: readonly string[] }

const ROWS: Readonly<Record<string, Row>> = {
  'a directory, then what is in it': {
    tasks: at => [
      task('D', file.directory({ path: at('a/b'), mode: 0o750 })),
      task('F', file.copy({ path: at('a/b/f'), content: 'x\n', owner: 'root' })),
      task('T', file.template({ path: at('a/b/t'), template, values: { host: 'h', seconds: 1, state: 's' }, mode: 0o600 })),
      task('L', file.link({ path: at('a/b/l'), to: 'f' })),
      task('P', file.present({ path: at('a/b/p') })),
      task('D again', file.directory({ path: at('a/b'), mode: 0o750, owner: 0 })),
      task('Above', file.directory({ path: at('a'), mode: 0o755 })),
    ],
  },
  'a file, then a line of it, then its mode, twice': {
    given: w => w.write('h1', 'f', 'old\n'),
    tasks: at => [
      task('F', file.copy({ path: at('f'), content: 'one\ntwo\n', mode: 0o644 })),
      task('L', file.line({ path: at('f'), line: 'TWO', match: /^two/, backup: true })),
      task('L same', file.line({ path: at('f'), line: 'TWO' })),
      task('L gone', file.line({ path: at('f'), line: 'one', state: 'absent', backup: true })),
      task('M', file.copy({ path: at('f'), content: 'TWO\n', mode: 0o600 })),
      task('M same', file.present({ path: at('f'), mode: 0o600, owner: 'root', group: 0 })),
      task('Back', file.copy({ path: at('f'), content: 'old\n' })),
    ],
  },
  'attributes alone, then content': {
    given: w => { w.write('h1', 'f', 'old\n'); chmodSync(w.path('h1', 'f'), 0o4755); },
    tasks: at => [
      task('M', file.present({ path: at('f'), mode: 0o600 })),
      task('S', file.stat({ path: at('f') })),
      task('C', file.copy({ path: at('f'), content: 'new\n', mode: 0o600 })),
      task('L', file.line({ path: at('f'), line: 'more' })),
      task('M again', file.present({ path: at('f'), mode: 0o640 })),
    ],
  },
  'a path that goes, and what is asked of it': {
    given: w => { w.write('h1', 'f', 'x'); mkdirSync(w.path('h1', 'd/e'), { recursive: true }); w.write('h1', 'd/e/f', 'x'); },
    tasks: at => {
      const stat = task('Stat', file.stat({ path: at('f') }));
      return [
        task('Gone', file.absent({ path: at('f') })), stat,
        task('Use', ({ found }) => file.copy({ path: at('said'), content: String(found.exists) }), { uses: { found: stat } }),
        task('Make', command.run({ command: cmd`touch ${at('f')}`, creates: at('f') })),
        task('Not again', command.run({ command: cmd`touch ${at('f')}`, creates: at('f') })),
        task('Remove', command.run({ command: cmd`rm ${at('f')}`, removes: at('f') })),
        task('Not twice', command.run({ command: cmd`rm ${at('f')}`, removes: at('f') })),
        task('Tree', file.absent({ path: at('d'), recursive: true })),
        task('Gone with it', file.absent({ path: at('d/e/f') })),
        task('Tree again', file.directory({ path: at('d/e') })),
        task('Empty', file.absent({ path: at('d/e/f') })),
        task('Text', file.copy({ path: at('d/e/f'), content: 'y' })),
        task('Fetch', file.fetch({ path: at('d/e/f'), to: at('fetched') })),
      ];
    },
  },
  'planned links, and links of the host': {
    given: w => { mkdirSync(w.path('h1', 'v1')); mkdirSync(w.path('h1', 'v2')); w.write('h1', 'v2/f', 'two\n'); symlinkSync('v1', w.path('h1', 'current')); w.write('h1', 'real', 'x\n'); symlinkSync(w.path('h1', 'real'), w.path('h1', 'alias')); },
    tasks: at => [
      task('Turn', file.link({ path: at('current'), to: 'v2' })),
      task('Same', file.copy({ path: at('current/f'), content: 'two\n' })),
      task('Other', file.copy({ path: at('current/f'), content: 'three\n' })),
      task('There', file.copy({ path: at('v2/f'), content: 'three\n' })),
      task('Through the alias', file.line({ path: at('alias'), line: 'y' })),
      task('By its name', file.line({ path: at('real'), line: 'y' })),
      task('The link stays', file.link({ path: at('alias'), to: at('real') })),
      task('Dangling', file.link({ path: at('new'), to: 'v3' })),
      task('Where it leads', file.copy({ path: at('new'), content: 'z' })),
      task('And there', file.copy({ path: at('v3'), content: 'z' })),
    ],
  },
  'secrets': {
    tasks: at => [
      task('S', file.copy({ path: at('s'), content: new Secret('hunter2-hunter2') })),
      task('S same', file.copy({ path: at('s'), content: new Secret('hunter2-hunter2'), mode: 0o600 })),
      task('S other', file.copy({ path: at('s'), content: new Secret('hunter3-hunter3') })),
    ],
  },
  'handlers and what exists': {
    given: w => w.write('h1', 'f', 'x'),
    tasks: at => {
      const found = task('Found', file.existing({ paths: [at('f'), at('g'), at('d/x')] }));
      return [
        task('G', file.copy({ path: at('g'), content: 'g' }), { notify: handler('After', command.run({ command: cmd`touch ${at('h')}`, creates: at('h') })) }),
        task('F', file.absent({ path: at('f') })), found,
        task('Tell', ({ found: paths }) => file.copy({ path: at('told'), content: paths.join(' ') }), { uses: { found } }),
      ];
    },
  },
  'what only the run can tell': {
    given: w => w.write('h1', 'f', 'x\n'),
    tasks: at => {
      const seen = task('Seen', command.read({ command: cmd`cat ${at('f')}` }));
      const stat = task('Stat', file.stat({ path: at('f'), sha256: true }));
      const told = (found: file.FileStat | file.NoFile): string => (found.exists ? `${found.type} ${found.mode} ${found.uid} ${found.owner} ${found.size} ${found.sha256 ?? ''}` : 'no');
      return [
        task('Before', command.read({ command: cmd`cat ${at('f')}` })),
        task('F', file.copy({ path: at('f'), content: 'y\n' })), seen, stat,
        task('Use', ({ text }) => file.copy({ path: at('g'), content: text.stdout }), { uses: { text: seen } }),
        task('Tell what is known', ({ found }) => file.copy({ path: at('told'), content: told(found) }), { uses: { found: stat } }),
        task('Tell the time', ({ found }) => file.copy({ path: at('time'), content: String(found.exists && found.mtime) }), { uses: { found: stat } }),
        task('Until its time', file.stat({ path: at('f') }), { until: found => found.exists && found.mtime > 0, retries: 1 }),
        task('Made', command.run({ command: cmd`echo z > ${at('made')}`, creates: at('made') })),
        task('Of it', file.copy({ path: at('made'), content: 'zz\n' })),
        task('After it', file.line({ path: at('made'), line: 'q' })),
        task('Not of it', command.read({ command: cmd`cat ${at('f')}x || :` })),
      ];
    },
    unknown: ['Seen', 'Use', 'Tell the time', 'Of it', 'After it'],
  },
};

describe('check mode', () => {
  test.each(Object.entries(ROWS))('foresees %s', async (_name, { given, tasks, unknown }) => {
    using w = world('h1');
    given?.(w);
    await agrees(w, tasks(name => w.path('h1', name)), unknown);
  });

  test('keeps hosts apart, and sees what is planned on a delegate', async () => {
    using w = world('h1', 'h2');
    const path = w.path('h2', 'f');
    const made = task('Made', file.copy({ path, content: 'x' }), { delegateTo: w.host('h2'), runOnce: true });
    const steps = [made, task('There', ({ host }) => file.line({ path: w.path(host, 'f'), line: 'y', create: true }))];
    const { checked } = await agrees(w, steps);
    const from = checked.tasks.filter(each => each.name === 'There').map(each => [each.host, each.changes[0]?.from]).sort();
    expect(from).toEqual([['h1', null], ['h2', expect.stringContaining('sha256:')]]);
  });

  test('shows the difference to what is planned, not to what is there', async () => {
    using w = world('h1');
    const { checked, ran } = await agrees(w, [
      task('F', file.copy({ path: w.path('h1', 'f'), content: 'a\n' })), task('L', file.line({ path: w.path('h1', 'f'), line: 'b' })),
    ]);
    expect(checked.tasks[1]?.changes[0]?.diff).toContain(' a\n+b');
    expect(checked.tasks.map(each => each.changes)).toEqual(ran.tasks.map(each => each.changes));
  });
});
