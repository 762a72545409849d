import { describe, expect, test } from 'vitest';
import { hostOf, hostPort, keptPeers, keptServers, portOf, sameHost } from '../../../playbooks/steps/urls';

describe('hostOf and portOf', () => {
  test.each([
    ['https://172.72.0.95:2379', '172.72.0.95', 2379],
    ['172.72.0.95:6443', '172.72.0.95', 6443],
    ['https://[fd00::5]:2379', 'fd00::5', 2379],
    ['[fd00::5]:6443', 'fd00::5', 6443],
    ['https://Etcd-1.example:2379/', 'etcd-1.example', 2379],
    ['https://etcd-1', 'etcd-1', undefined],
  ])('%s', (url, host, port) => {
    expect([hostOf(url), portOf(url)]).toEqual([host, port]);
  });
});

describe('sameHost', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '110.0.0.1', false],
    ['10.0.0.1', '10.0.0.10', false],
    ['fd00::5', 'fd00:0:0:0:0:0:0:5', true],
    ['M2', 'm2', true],
  ])('%s and %s: %s', (a, b, same) => {
    expect(sameHost(a, b)).toBe(same);
  });
});

describe('keptServers', () => {
  const flag = 'https://10.0.0.10:2379,https://10.0.0.1:2379,https://110.0.0.1:2379';
  test('drops exactly those who leave and puts the local one first', () => {
    expect(keptServers(flag, ['10.0.0.1'], '110.0.0.1')).toEqual(['https://110.0.0.1:2379', 'https://10.0.0.10:2379']);
  });
  test('keeps all when nobody of them leaves', () => {
    expect(keptServers('https://a:2379', ['b'], 'c')).toEqual(['https://a:2379']);
  });
});

describe('keptPeers', () => {
  test('matches the peer URL, not the name', () => {
    expect(keptPeers('10.0.0.1=https://10.0.0.9:2380,b=https://[fd00::5]:2380', ['10.0.0.1'])).toEqual(['10.0.0.1=https://10.0.0.9:2380', 'b=https://[fd00::5]:2380']);
    expect(keptPeers('a=https://10.0.0.9:2380,b=https://[fd00::5]:2380', ['fd00:0::5'])).toEqual(['a=https://10.0.0.9:2380']);
  });
});

test('hostPort writes IPv6 in brackets', () => {
  expect([hostPort('fd00::5', 6443), hostPort('10.0.0.1', 6443)]).toEqual(['[fd00::5]:6443', '10.0.0.1:6443']);
});
