import { describe, expect, test } from 'vitest';
import { planHosts } from '../../lab/lab';
import { parseLines, parseStanzas } from '../../lab/sources';

describe('planHosts', () => {
  test.each([
    [{ masters: 1 }, 'm1=95'],
    [{ masters: 3, nodes: 2 }, 'm1=95 m2=96 m3=97 n1=98 n2=99'],
    [{ masters: 5, nodes: 1 }, 'm1=93 m2=94 m3=95 m4=96 m5=97 n1=98'],
    [{ plain: 2 }, 'p1=110 p2=111'],
    [{}, ''],
  ])('%o', (counts, want) => {
    expect(planHosts(counts).map((host) => `${host.name}=${host.address.replace('172.72.0.', '')}`).join(' ')).toBe(want);
  });

  test.each([{ masters: 10 }, { nodes: -1 }, { plain: 1.5 }])('refuses %o', (counts) => {
    expect(() => planHosts(counts)).toThrow(RangeError);
  });

  test('gives every host of the largest lab an address of its own', () => {
    const addresses = planHosts({ masters: 9, nodes: 12, plain: 100 }).map((host) => host.address);
    expect(new Set(addresses).size).toBe(121);
  });
});

describe('Debian sources of this machine', () => {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

  test('takes the stanzas that Debian signed, for the wanted release', () => {
    const text = [
      'Types: deb', 'URIs: http://mirror.example/debian', 'Suites: bookworm bookworm-updates trixie', 'Components: main contrib', `Signed-By: ${keyring}`, '',
      '# third party', 'Types: deb', 'URIs: https://node.example', 'Suites: nodistro', 'Components: main', 'Signed-By: /usr/share/keyrings/node.gpg', '',
      'Enabled: no', 'Types: deb', 'URIs: http://off.example/debian', 'Suites: bookworm', `Signed-By: ${keyring}`,
    ].join('\n');
    expect(parseStanzas(text)).toEqual([
      `deb [signed-by=${keyring}] http://mirror.example/debian bookworm main`,
      `deb [signed-by=${keyring}] http://mirror.example/debian bookworm-updates main`,
    ]);
  });

  test.each([
    ['deb http://mirror.example/debian bookworm main contrib', ['deb http://mirror.example/debian bookworm main']],
    ['deb http://mirror.example/debian-security/ bookworm-security main', ['deb http://mirror.example/debian-security/ bookworm-security main']],
    [`deb [arch=amd64 signed-by=${keyring}] http://m.example/x bookworm main`, [`deb [signed-by=${keyring}] http://m.example/x bookworm main`]],
    ['deb [signed-by=/k.gpg] https://apt.example/debian bookworm main', []],
    ['deb https://apt.example/pub bookworm main', []],
    ['deb http://mirror.example/debian trixie main', []],
    ['# deb http://mirror.example/debian bookworm main', []],
    ['deb-src http://mirror.example/debian bookworm main', []],
  ])('%s', (line, want) => {
    expect(parseLines(line)).toEqual(want);
  });
});
