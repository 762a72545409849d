/** Copies and fingerprints on real files, and putting them back, in each shell that a host may have. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Touched, WayBack } from '../../../core/module';
import { restored } from '../../../core/rollback/restored';
import { UndoKeeper } from '../../../core/run/undo';
import { LOOK, lookAt, readLooks } from '../../../core/run/undo-look';
import { parseUndo, type UndoRecord } from '../../../core/run/undo-record';
import { cmd, lines, raw } from '../../../core/transport/command';
import { busyboxTarget, localTarget, type LocalTarget } from '../../support/local-target';
import { carryOut, planned } from '../../support/module';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'runsheet undo-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const sh = (script: string): string => execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
/** Type, mode, owner, time, target of everything, and the hashes of files. */
const treeOf = (): string => sh(String.raw`find . -printf '%p %y %m %U:%G %T@ %l\n' | sort; find . -type f -exec sha256sum {} + | sort`);

/** Where the copies lie, and the names of those of the change. */
const undoOf = (on: LocalTarget): string => join(on.host.connection.stateDirectory ?? '', 'undo');
const copiesIn = (on: LocalTarget): readonly string[] => readdirSync(join(undoOf(on), on.runId)).filter(name => name.startsWith('7.'));

/** Makes a change with its record and returns that; what the change throws is swallowed. */
async function recorded(on: LocalTarget, touched: readonly Touched[], change: () => void): Promise<UndoRecord> {
  const lines: string[] = [];
  const log = { next: () => 7, append: (line: object) => { lines.push(JSON.stringify(line)); return Promise.resolve(); }, close: () => undefined };
  const back: WayBack = { exists: true, touches: () => touched, undo: () => [], again: undefined, instead: undefined };
  const keeper = new UndoKeeper(log, { task: 'play/task', name: 'task', become: undefined }, text => { on.said.push(text); });
  await keeper.around({ action: { module: 'test.module', subject: 'it', effect: 'converge' }, back, on }, () => { change(); return Promise.resolve(); }).catch(() => undefined);
  const [record] = parseUndo(lines.join('\n'));
  if (record === undefined) throw new Error('no record');
  return record;
}

const restore = (change: UndoRecord, includeUnfinished = false): ReturnType<typeof restored> => restored({ change, chains: [], isFinished: false, includeUnfinished });

const shells = [['sh', () => localTarget()], ['bash', () => localTarget(['bash'])], ['busybox with its own tools', busyboxTarget]] as const;

describe.each(shells)('in %s', (name, target) => {
  const on = target();
  /** busybox's cp gives links the time of the copy. */
  const tree = (): string => (name.startsWith('busybox') ? treeOf().replace(/^(.* l 777 \S+) \S+/gm, '$1') : treeOf());

  test.each<[string, readonly string[], string, string]>([
    ['content, mode and owner', ['a b'], 'echo old >"a b"; chmod 4751 "a b"; chown 12:34 "a b"', 'echo new >n; mv n "a b"'],
    ['a file that was not there', ['new'], ':', 'echo x >new'],
    ['a file that is gone', ['gone'], 'echo x >gone; chmod 600 gone', 'rm gone'],
    ['a link, changed', ['l'], 'ln -s a l', 'ln -sfn b l'],
    ['a link that became a file', ['l'], 'ln -s nowhere l', 'rm l; echo x >l'],
    ['a file that became a directory', ['x'], 'echo x >x', 'rm x; mkdir x; echo y >x/y'],
    ['a file behind a link', ['l'], 'mkdir d; echo old >d/f; ln -s d/f l', 'echo new >d/n; mv d/n d/f'],
    ['a file behind a link to its directory', ['l/f'], 'mkdir d; echo old >d/f; ln -s d l', 'echo new >d/n; mv d/n d/f'],
    ['a whole directory', ['d'], String.raw`mkdir -p "d/e f"; echo 1 >d/1; printf 'a\nb' >"d/e f/2"; ln -s 1 d/l; chown 12:34 "d/e f"; chmod 700 "d/e f"; mkfifo d/p`, 'rm -r d'],
    ['a directory with what was changed in it', ['d'], 'mkdir d; echo 1 >d/1', 'echo 2 >d/1; echo 3 >d/3'],
    ['directories that were made for it', ['a/b/c'], ':', 'mkdir -p a/b; echo x >a/b/c'],
    ['a link and what is no file', ['p', 'l'], 'mkfifo p; ln -s p l', 'rm p l; echo x >p'],
    ['names with backslashes and stars', ['a\\b', '*'], 'echo 1 >"a\\\\b"; echo 2 >"*"', 'echo 3 >"a\\\\b"; rm "*"'],
    ['a name with quotes', [`it's "$x"`], `echo old >"it's \\"\\$x\\""`, `echo new >"it's \\"\\$x\\""`],
  ])('puts back %s', async (_name, paths, before, change) => {
    sh(before);
    sh('find . -exec touch -h -d "2021-02-03 04:05:06" {} +');
    const old = tree();
    const record = await recorded(on, paths.map(at), () => { sh(change); });
    const changed = tree();
    expect(changed).not.toBe(old);
    expect(await planned(restore(record), on)).not.toEqual([]);
    expect(tree()).toBe(changed);
    await carryOut(restore(record), on);
    expect(tree()).toBe(old);
    expect(await carryOut(restore(record), on)).toMatchObject({ changed: false });
  });

  test('puts back more files than are asked about at once', async () => {
    sh('for d in a b; do mkdir $d; for i in 0 57 58; do echo $d >$d/$i; done; done; find . -exec touch -h -d "2021-02-03 04:05:06" {} +');
    const old = tree();
    const paths = ['a', 'b'].flatMap(d => Array.from({ length: 60 }, (_, i) => at(`${d}/${i}`)));
    const record = await recorded(on, paths, () => { sh('for d in a b; do for i in 0 1 57 59; do echo new >$d/$i; done; done'); });
    expect(record.paths).toHaveLength(120);
    // Of what is not there nothing is kept.
    expect(copiesIn(on)).toHaveLength(6);
    await carryOut(restore(record), on);
    expect(tree()).toBe(old);
  });

  test('gives a directory its time back, change by change', async () => {
    sh('touch -d "2021-02-03 04:05:06.123456789" .');
    const first = await recorded(on, [at('a')], () => { sh('echo 1 >a'); });
    const second = await recorded(on, [at('b')], () => { sh('echo 2 >b'); });
    await carryOut(restore(second), on);
    await carryOut(restore(first), on);
    expect(sh('stat -c %y .; ls')).toMatch(name.startsWith('busybox') ? /^2021-02-03 04:05:06\.0+ \+\d+\n$/ : /^2021-02-03 04:05:06\.123456789 \+\d+\n$/);
  });

  test('tells by facts what its script tells', async () => {
    sh(String.raw`: >empty; echo a >suid; chmod 6755 suid; echo z >zero; chmod 0 zero; chown 99999:99998 zero; echo d >./-dash; echo q >"q'u\"o"; echo t >'*'; echo b >'back\slash'
mkfifo p; mknod c c 1 3; ln -s nowhere l1; ln -s 'a -> b' l2; ln -s "q'x" l3; ln -s "n
" l4; ln -s l5 l5; ln -s /dev/null l6; ln -s ' ' l7; ln -s 'back\s' l8; mkdir -m 1777 dir; echo f >dir/f; ln -s dir ld; head -c 2000000 /dev/zero >big; touch -d '1960-01-01 00:00:00.5' old`);
    const names = ['empty', 'suid', 'zero', '-dash', 'q\'u"o', '*', 'back\\slash', 'p', 'c', 'l1', 'l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'dir', 'dir/f', 'ld', 'ld/f', 'big', 'old', 'no', 'no/such', 'suid/x', 'l5/x'];
    const paths = [...names.map(each => ({ path: at(each), only: false })), ...['dir', 'ld', 'suid', 'no'].map(each => ({ path: at(each), only: true })), { path: '/no-such-file', only: false }, { path: '/etc', only: true }];
    const script = lines(LOOK, ...paths.map(({ path, only }) => (only ? cmd`note ${path} only` : cmd`note ${path}`)), raw('tell'));
    expect(await lookAt(on, paths)).toEqual(readLooks(on.host.name, await on.run(script)));
  });

  test('gives paths their real names', async () => {
    sh('mkdir -p d/e; ln -s d l');
    const record = await recorded(on, [at('l/e//f'), `/${at('d/g')}`, at('l/new/h')], () => undefined);
    expect(record.paths.map(({ path }) => path)).toEqual([at('d/e/f'), at('d/g'), at('d/new'), at('d/new/h')]);
    expect((await recorded(on, ['/no-such-file-at-the-root'], () => undefined)).paths).toMatchObject([{ path: '/no-such-file-at-the-root', was: 'absent - - - -' }]);
  });

  test('takes back what an earlier version kept, with a folder for each change', async () => {
    sh('echo old >f; chmod 600 f; touch -d "2021-02-03 04:05:06" f .');
    const old = tree();
    const record = await recorded(on, [at('f'), at('g')], () => { sh('echo new >f; echo new >g'); });
    const copies = join(undoOf(on), on.runId, '8');
    rmSync(copies, { recursive: true, force: true });
    mkdirSync(copies);
    for (const name of copiesIn(on)) renameSync(join(undoOf(on), on.runId, name), join(copies, name.slice(2)));
    await carryOut(restore({ ...record, copies }), on);
    expect(tree()).toBe(old);
  });

  test('takes only the entry where it says so', async () => {
    sh('mkdir d; echo big >d/big; chmod 755 d');
    const record = await recorded(on, [{ path: at('d'), only: true }], () => { sh('chmod 700 d; chown 12:34 d; echo more >d/more'); });
    expect(copiesIn(on)).toEqual([]);
    expect(record.copies).toBe(join(undoOf(on), on.runId, '7.'));
    await carryOut(restore(record), on);
    expect(sh('stat -c "%a %u:%g" d; ls d')).toBe('755 0:0\nbig\nmore\n');
  });

  test('refuses what somebody else changed since', async () => {
    sh('echo old >f');
    const record = await recorded(on, [at('f')], () => { sh('echo new >f'); });
    sh('echo theirs >f');
    await expect(carryOut(restore(record), on)).rejects.toThrow(/f was changed by somebody else since: it is a file \(mode 644, owner 0:0, sha256 [0-9a-f]{12}\)/);
    expect(readFileSync(at('f'), 'utf8')).toBe('theirs\n');
  });

  test('copies nothing of what is too large, and says so', async () => {
    sh('dd if=/dev/zero of=big bs=1M count=51 2>/dev/null');
    const record = await recorded(on, [at('big')], () => { sh('rm big'); });
    expect(record).toMatchObject({ paths: [], barrier: 'what test.module it changed is too large to be copied (51 MB, at most 50 are)' });
    expect(copiesIn(on)).toEqual([]);
  });

  test('keeps the copies of the newest 10 runs', async () => {
    const undo = undoOf(on);
    rmSync(undo, { recursive: true, force: true });
    for (let day = 10; day < 25; day++) mkdirSync(join(undo, `202510${day}T101500Z-1a2b`, '1'), { recursive: true });
    sh('echo old >f; chmod 600 f');
    await recorded(on, [at('f')], () => { sh('echo x >f'); });
    expect(readdirSync(undo).sort()).toEqual([...Array.from({ length: 9 }, (_, i) => `202510${i + 16}T101500Z-1a2b`), on.runId]);
    expect(sh(`stat -c %a ${undo}/${on.runId} ${undo}/${on.runId}/7.1`)).toBe('700\n600\n');
  });
});

describe('a change', () => {
  const on = localTarget();

  test('that fails is recorded as far as it came', async () => {
    sh('echo old >f');
    const record = await recorded(on, [at('f')], () => { sh('echo half >f; exit 1'); });
    expect(record.left).toHaveLength(1);
    await carryOut(restore(record), on);
    expect(readFileSync(at('f'), 'utf8')).toBe('old\n');
  });

  test('that was cut off is put back only when it is said so', async () => {
    sh('echo old >f');
    const begun = await recorded(on, [at('f')], () => { sh('echo new >f'); });
    const record: UndoRecord = { ...begun, left: undefined };
    await expect(carryOut(restore(record), on)).rejects.toThrow(/the run was cut off while "play\/task" changed it, .*--include-unfinished/);
    await carryOut(restore(record, true), on);
    expect(readFileSync(at('f'), 'utf8')).toBe('old\n');
    expect(await carryOut(restore(record), on)).toMatchObject({ changed: false });
  });

  test('is made also where no copy can be kept, and that is said', async () => {
    sh('echo old >f');
    const state = on.host.connection.stateDirectory ?? '';
    rmSync(state, { recursive: true, force: true });
    writeFileSync(state, 'a file in its place');
    const record = await recorded(on, [at('f')], () => { sh('echo new >f'); });
    rmSync(state);
    expect(record.barrier).toContain('no copy of what test.module it changed could be kept');
    expect(on.said.join()).toContain('this run cannot be rolled back past "task"');
    expect(readFileSync(at('f'), 'utf8')).toBe('new\n');
  });

  test('of nothing that is a path costs no command', async () => {
    const record = await recorded({ ...on, run: () => Promise.reject(new Error('asked the host')) }, [], () => undefined);
    expect(record).toMatchObject({ paths: [], left: [] });
  });
});
