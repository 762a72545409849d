/** The controller killed at task boundaries of the main job, once and then resumed; decommission.test.ts runs it again. The proof `boundaries` does both at all of them. */
import { describe, expect, test } from 'vitest';
import { boundariesOf, proveKills, type Boundary, type Continuation } from '../../lab/proofs/boundaries';
import { onCluster } from '../../lab/proofs/proof';
import { randomFrom } from '../../lab/proofs/random';
import type { StartEvent } from '../../core/report/events';
import { testLabName } from './support/lab';

const KILLS = 1;
const LIMIT_MS = 12 * 60_000;

/** One in each part of the playbook; the same ones each time. */
function spread(all: readonly Boundary[], mode: Continuation): readonly Boundary[] {
  const random = randomFrom(`boundaries ${mode}`);
  return Array.from({ length: KILLS }, (_, i) => all[Math.floor(((i + random()) / KILLS) * all.length)]).filter(each => each !== undefined);
}

function start(task: string): StartEvent {
  return { v: 1, type: 'start', run: 'r', at: '2026-11-22T10:15:00.000Z', play: 'p', task, name: task, hosts: ['m1'], handler: false };
}

describe('the boundaries of a run', () => {
  test('are the starts of its tasks, several of one task told apart, and the end of the last', () => {
    expect(boundariesOf(['a', 'b', 'a'].map(start))).toEqual([
      { place: 1, task: 'a', nth: 1, isEnd: false }, { place: 2, task: 'b', nth: 1, isEnd: false },
      { place: 3, task: 'a', nth: 2, isEnd: false }, { place: 4, task: 'a', nth: 2, isEnd: true },
    ]);
  });

  test('are none where nothing began', () => {
    expect(boundariesOf([])).toEqual([]);
  });
});

// No second try here: what a kill leaves half done has to be finished every time.
describe('killed by SIGKILL at a task boundary', { retry: 0 }, () => {
  test.each<Continuation>(['resume'])('%s finishes the work, with nothing lost and nothing left to change', async mode => {
    const context = { lab: testLabName(), progress: () => undefined, signal: new AbortController().signal };
    const { figures, problems, notes } = await onCluster({ masters: 3, nodes: 2, cluster: { kube: 'stand-in' } }, context, bench => proveKills(bench, mode, all => spread(all, mode)));
    process.stdout.write(`${[...Object.entries(figures).map(([what, value]) => `${what}: ${value}`), ...notes ?? []].join('\n')}\n`);
    expect(problems).toEqual([]);
    expect(figures).toMatchObject({ kills: `${KILLS} of ${KILLS}`, failed: 0, lost: 0, 'changes of a further run': 0 });
    expect(figures['writes acknowledged']).toBeGreaterThan(20);
  }, LIMIT_MS);
});
