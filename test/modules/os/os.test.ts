import { describe, expect, test } from 'vitest';
import { hardware, release } from '../../../modules/os';
import { parseHardware } from '../../../modules/os/hardware';
import { parseRelease } from '../../../modules/os/release';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';

describe('parseRelease', () => {
  const of = (...lines: readonly string[]) => parseRelease(['6.1.0-18-amd64', 'x86_64', ...lines, ''].join('\n'));

  test('reads Debian', () => {
    expect(of('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', 'NAME="Debian GNU/Linux"', 'VERSION_ID="12"', 'VERSION_CODENAME=bookworm', 'ID=debian')).toEqual({
      id: 'debian', like: [], version: '12', codename: 'bookworm', name: 'Debian GNU/Linux 12 (bookworm)', kernel: '6.1.0-18-amd64', machine: 'x86_64',
    });
  });

  test.each([
    ['what it is like', ['ID="rocky"', 'ID_LIKE="rhel centos fedora"', "PRETTY_NAME='Rocky Linux'"], { id: 'rocky', like: ['rhel', 'centos', 'fedora'], name: 'Rocky Linux', version: '', codename: '' }],
    ['escapes and comments', ['# a comment', 'ID=odd', 'PRETTY_NAME="a \\"b\\" \\$c"'], { id: 'odd', name: 'a "b" $c' }],
  ])('reads %s', (_what, lines, expected) => { expect(of(...lines)).toMatchObject(expected); });

  test('says so when there is no id', () => { expect(() => of('NAME=x')).toThrow('its os-release file has no ID'); });
});

test('parseHardware counts in bytes', () => {
  expect(parseHardware('4\nMemTotal:        2048 kB\nMemFree:          100 kB\nSwapTotal:         512 kB\n')).toEqual({ processors: 4, memory: 2048 * 1024, swap: 512 * 1024 });
  expect(parseHardware('1\nMemTotal:        2048 kB\n').swap).toBe(0);
});

describe.each([['sh'], ['busybox', 'sh']])('this machine, under %s %s', (...shell) => {
  test('says what it is', async () => {
    const on = localTarget(shell);
    const { value } = await carryOut(release(), on);
    expect(value).toMatchObject({ id: expect.stringMatching(/^[a-z]+$/) as string, kernel: expect.stringMatching(/^\d/) as string });
    expect((await carryOut(hardware(), on)).value.memory).toBeGreaterThan(1e8);
  });
});
