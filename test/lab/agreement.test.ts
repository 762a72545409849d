/**
 * Check mode next to the run after it, over playbooks that use every everyday module: what it claims to be exact must be. And the same run on another host, with
 * nothing sent ahead of its turn: it must go as the first one went.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RunnerEvent } from '../../core/report/events';
import { planHosts, runOnHost } from '../../lab/lab';
import { agreementOf } from '../../lab/proofs/agreement';
import { agreementFigures, disagreementsOf } from '../../lab/proofs/check';
import { failuresOf, parseEvents, recapOf, tasksOf } from '../../lab/proofs/events';
import { readTrees, treeChanges } from '../../lab/proofs/trees';
import { runsheet, type RunsheetResult } from '../../lab/scenario';
import { CORPUS, corpusFiles } from './support/corpus';
import { useLab } from './support/lab';

const up = useLab({ plain: 2 }, { hosts: planHosts({ plain: 2 }).map(host => ({ ...host, extraFiles: corpusFiles() })) });
const cwd = mkdtempSync(join(tmpdir(), 'runsheet-agreement-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const call = (path: string, ...more: readonly string[]): Promise<RunsheetResult> => runsheet(up(), ['run', join(__dirname, '../..', path), '--json', '--yes', ...more], { cwd });

test.each(Object.entries(CORPUS))('check mode tells what %s does', async (path, { unknown, inventory }) => {
  const more = inventory === undefined ? [] : ['-i', join(__dirname, 'corpus', inventory)];
  for (const host of ['p1', 'p2']) await runOnHost(up(), host, 'systemctl start svc var nginx');
  const before = await readTrees(up());
  const checked = parseEvents((await call(path, '--limit', 'p1', '--check', ...more)).stdout);
  expect(treeChanges(before, await readTrees(up())), 'the check changed something').toEqual([]);
  const { code, stdout, stderr } = await call(path, '--limit', 'p1', ...more);
  const ran = parseEvents(stdout);
  expect({ code, stderr, failed: failuresOf(ran) }).toEqual({ code: 0, stderr: '', failed: [] });
  const agreement = agreementOf(checked, ran);
  const planned = recapOf(checked)?.planned;
  console.info(`${path}: ${planned?.exact ?? 0} of ${planned?.total ?? 0} tasks planned exactly; ${Object.entries(agreementFigures(agreement)).map(([name, figure]) => `${name}: ${figure}`).join(', ')}`);
  expect(planned?.unknown.map(id => id.slice(id.indexOf('/') + 1)), failuresOf(checked).join('\n')).toEqual(unknown);
  expect([...agreement.unlisted, ...disagreementsOf({ ...agreement, open: [] })]).toEqual([]);
  expect(agreement.made).toBeGreaterThan(0);
  const inTurn = await call(path, '--limit', 'p2', '--no-ahead', ...more);
  expect(outcomesOf(parseEvents(inTurn.stdout), 'p2'), 'with nothing sent ahead').toEqual(outcomesOf(ran, 'p1'));
});

/** What became of each task: how it ended, and what it changed. Times, keys and process ids of two hosts are not the same. */
function outcomesOf(events: readonly RunnerEvent[], host: string): readonly string[] {
  return tasksOf(events).filter(event => event.host === host)
    .map(({ task, status, changes, run }) => `${task}: ${status} ${changes.map(change => `${change.resource} ${change.property}`).join(', ').replaceAll(run, '<run>').replaceAll(host, '<host>')}`);
}
