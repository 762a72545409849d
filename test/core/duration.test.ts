import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { milliseconds, parseDuration, within } from '../../core/duration';

describe('durations', () => {
  test.each([['500ms', 500], ['30s', 30_000], ['1.5m', 90_000], ['2h', 7_200_000], [' 1s ', 1000]])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(['', '30', '-1s', '1 s', '1d', 's', '1s2'])('"%s" is none', text => expect(parseDuration(text)).toBeUndefined());

  test('one that a type let through is refused with an example', () => {
    expect(milliseconds('10m')).toBe(600_000);
    expect(() => milliseconds('-1s')).toThrow(/"-1s" is not a duration; write a number with its unit/);
  });
});

describe('within', () => {
  const never = (signal: AbortSignal) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));

  test('ends after its time, whatever was collected meanwhile', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const ended = expect(within(300, new AbortController().signal, never)).rejects.toThrow('no answer within 0.3 s');
    for (let i = 0; i < 5; i += 1) {
      await pause(20);
      collect();
    }
    await ended;
  });

  test('ends with the other signal, also one that was aborted before', async () => {
    const controller = new AbortController();
    const ended = expect(within(60_000, controller.signal, never)).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await ended;
    await expect(within(60_000, controller.signal, signal => Promise.reject(signal.reason as Error))).rejects.toThrow('enough');
  });

  test('gives what the work gives', async () => {
    expect(await within(1000, new AbortController().signal, () => Promise.resolve(7))).toBe(7);
    await expect(within(1000, new AbortController().signal, () => Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  });
});
