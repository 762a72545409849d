/** What cannot be put back: the user is asked once for all hosts, right before, and only where something is there to destroy. */
import { describe, expect, test } from 'vitest';
import { play, playbook, task, type Step } from '../../../core';
import type { Resource } from '../../../core/module';
import { confirm, content, plain } from './modules';
import { world, type World } from './world';

const destroying = <V>(action: Resource<V>): Resource<V> => ({ ...action, effect: 'destroy' });
const wipe = (w: World): Step => task('Wipe', ({ host }) => destroying(plain({ path: w.path(host, 'data'), text: '' })));
const site = (...tasks: readonly Step[]) => playbook({ name: 'Site', plays: [play({ name: 'web', hosts: 'web', tasks })] });

function asker(answer: boolean) {
  const questions: string[] = [];
  return { questions, ask: (text: string) => { questions.push(text); return Promise.resolve(answer); } };
}

describe('a task that destroys', () => {
  const question = '"Wipe" destroys what cannot be put back (test.plain) on h1, h2. Go on?';

  test('is done after a yes for all hosts', async () => {
    using w = world('h1', 'h2');
    const { questions, ask } = asker(true);
    const result = await w.run(site(wipe(w)), { ask });
    expect(questions).toEqual([question]);
    expect(result.of('Wipe')).toBe('h1=changed h2=changed');
  });

  test('after a no nothing is touched, and the run ends as refused', async () => {
    using w = world('h1', 'h2');
    w.write('h1', 'data', 'dear');
    const { questions, ask } = asker(false);
    const result = await w.run(site(wipe(w), task('Later', ({ host }) => content({ path: w.path(host, 'later'), text: 'x' }))), { ask });
    expect(questions).toEqual([question]);
    expect(result.recap).toMatchObject({ exit: 1, stopped: `not confirmed: ${question}` });
    expect([w.read('h1', 'data'), w.read('h1', 'later'), w.read('h2', 'later')]).toEqual(['dear', undefined, undefined]);
  });

  test('asks nothing where there is nothing to do, nor in check mode, nor after a confirm', async () => {
    using w = world('h1', 'h2');
    const { questions, ask } = asker(true);
    await w.run(site(wipe(w)), { ask, settings: { check: true } });
    await w.run(site(task('Ask', confirm('Really?')), wipe(w)), { ask });
    await w.run(site(wipe(w)), { ask });
    expect(questions).toEqual(['Really?']);
  });
});
