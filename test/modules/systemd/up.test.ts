/** How long a unit that was started is waited for, in the shells of hosts. */
import { describe, expect, test } from 'vitest';
import { lines, raw } from '../../../core/transport/command';
import { FUNCTIONS } from '../../../modules/systemd/up';
import { shells } from '../../support/shells';

const BEGAN = 123_456;

/** Tells what it would sleep. @param uptime in hundredths of a second; `undefined` where the host does not show it */
const resting = (uptime: number | undefined, until: number, step: number): ReturnType<typeof lines> => lines(
  FUNCTIONS,
  raw(`clock() { ${uptime === undefined ? 'return 1' : `t=${uptime}`}; }; sleep() { echo "$1"; }`),
  raw(`clock && began=${BEGAN} || began=; rest ${until} ${step}`),
);

describe.each(shells)('the rest until a unit has settled, under %s,', (_name, target) => {
  test.each([
    ['what is left, where looking took its time', BEGAN + 108, 200, 100, '0.92\n'],
    ['a few hundredths', BEGAN + 92, 100, 75, '0.08\n'],
    ['no time at all where it is over', BEGAN + 230, 200, 100, ''],
    ['whole seconds', BEGAN, 200, 100, '2.00\n'],
    ['the step alone where the clock went back', BEGAN - 500, 200, 100, '1.00\n'],
    ['the step alone where there is no clock', undefined, 100, 75, '0.75\n'],
  ])('is %s', async (_what, uptime, until, step, slept) => {
    expect((await target().run(resting(uptime, until, step))).stdout).toBe(slept);
  });

  test('is told by the clock of the host', async () => {
    expect((await target().run(lines(FUNCTIONS, raw('clock && echo "$t"')))).stdout).toMatch(/^[1-9]\d{2,}\n$/);
  });

  test('is a whole second more where sleep knows no fractions', async () => {
    const picky = raw('sleep() { case $1 in *.*) return 1 ;; esac; echo "$1"; }');
    expect((await target().run(lines(FUNCTIONS, picky, raw('pause 1.25; pause 0.25')))).stdout).toBe('2\n1\n');
  });
});
