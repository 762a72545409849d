import { describe, expect, test } from 'vitest';
import { legsBack } from '../../../core/rollback/order';
import type { UndoRecord } from '../../../core/run/undo-record';

/** `edit@h1` is a change, `reload@h1!` what is done again, `read@h1~` a daemon-reload; the word is its task. */
function recordsOf(text: string): readonly UndoRecord[] {
  return text.split(' ').map((word, i) => {
    const [, task = '', host = '', again] = /^(\w+)@(\w+)([!~]?)$/.exec(word) ?? [];
    return {
      v: 1, type: 'change', seq: i + 1, at: '', task, name: task, host, become: null, module: 'm', subject: task, effect: again === '!' ? 'disrupt' : 'converge', paths: [], calls: [], left: [],
      ...(again !== '' ? { again: { module: task, params: {} } } : {}),
    };
  });
}

/** A leg as `undone, undone | again, again`; what is done side by side is joined by +. */
function legsOf(text: string): readonly string[] {
  const stages = (list: readonly (readonly UndoRecord[])[]): string => list.map(stage => stage.map(({ task, host }) => `${task}@${host}`).join('+')).join(', ');
  return legsBack(recordsOf(text)).map(({ back, again }) => `${stages(back)} | ${stages(again)}`);
}

describe('legsBack', () => {
  test.each([
    ['changes alone, the last one first', 'a@h b@h c@h', ['c@h, b@h, a@h | ']],
    ['a restart after the change before it', 'a@h restart@h!', ['a@h | restart@h']],
    ['restarts in their old order', 'D@h E@h~ F@h! G@h H@h!', ['G@h | H@h', 'D@h | E@h, F@h']],
    ['the same call once', 'a@h b@h read@h~ restart@h! read@h~', ['b@h, a@h | read@h, restart@h']],
    ['what a restart behind a daemon-reload brought into force', 'a@h read@h~ b@h read@h~ restart@h!', ['b@h, a@h | read@h, restart@h']],
    ['hosts side by side', 'a@1 a@2 a@3 restart@1! restart@2! restart@3!', ['a@3+a@2+a@1 | restart@1+restart@2+restart@3']],
    ['hosts one by one', 'a@1 restart@1! a@2 restart@2!', ['a@2 | restart@2', 'a@1 | restart@1']],
    [
      'out of service while it is changed', 'drain@n1 drain@n2 reload@n1! reload@n2! flag@m restart@m! undrain@n1 undrain@n2 reload@n1! reload@n2!',
      ['undrain@n2+undrain@n1 | reload@n1+reload@n2', 'flag@m | restart@m', 'drain@n2+drain@n1 | reload@n1+reload@n2'],
    ],
    ['a restart for a change on another host', 'file@a restart@b!', ['file@a | restart@b']],
    ['a restart that also brought an earlier change into force', 'x@1 f@2 r@2! u@1 v@1!', ['u@1 | v@1', 'f@2, x@1 | r@2, v@1']],
    ['hosts that ran at their own pace', 'edit@1 edit@3 reload@1! edit@2 reload@3! reload@2!', ['edit@2 | reload@3+reload@2', 'edit@3+edit@1 | reload@1+reload@3']],
    ['restarts alone', 'restart@h!', [' | restart@h']],
  ])('takes back %s', (_name, text, legs) => {
    expect(legsOf(text)).toEqual(legs);
  });
});
