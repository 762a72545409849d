import { describe, expect, test } from 'vitest';
import { parseHostFacts } from '../../../modules/host/facts';
import { parsePeers } from '../../../modules/host/peers';

describe('parseHostFacts', () => {
  const df = '/dev/vda  1000 400 600 40% /\n';
  test('reads name, clock and free space', () => {
    expect(parseHostFacts(`m1\n1000.500000000\n${df}tmpfs 10 5 5 50% /run\n`, ['/var', '/run'], { now: 1_000_100, ms: 200 })).toEqual(
      { hostname: 'm1', clockOffsetMs: 500, free: { '/var': 600 * 1024, '/run': 5 * 1024 } });
  });
  test("takes a clock without a fraction (busybox)", () => {
    expect(parseHostFacts('m1\n1000.%N\n', [], { now: 1_000_000, ms: 0 }).clockOffsetMs).toBe(0);
  });
});

describe('parsePeers', () => {
  test('finds each peer once, by exact port', () => {
    const out = [
      '0 0 172.72.0.96:2379 172.72.0.95:40000',
      '0 0 172.72.0.96:2379 172.72.0.95:40001',
      '0 0 [::ffff:172.72.0.96]:6443 [::ffff:172.72.0.99]:1',
      '0 0 [fd00::1]:6443 [fd00::2]:5',
      '0 0 172.72.0.96:22379 172.72.0.99:1',
      '0 0 172.72.0.96:5 172.72.0.99:2379', '',
    ].join('\n');
    expect(parsePeers(out, [2379, 6443])).toEqual([
      { port: 2379, address: '172.72.0.95' }, { port: 6443, address: '172.72.0.99' }, { port: 6443, address: 'fd00::2' },
    ]);
  });
});
