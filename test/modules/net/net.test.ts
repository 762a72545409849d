import { expect, test } from 'vitest';
import { addresses } from '../../../modules/net';
import { parseAddresses } from '../../../modules/net/addresses';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';

test('parseAddresses reads iproute2 and busybox', () => {
  expect(parseAddresses([
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
    '2: eth0@if7    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever preferred_lft forever',
    '2: eth0@if7    inet6 fd00::2/64 scope global flags 02 \\       valid_lft forever preferred_lft forever',
    '2: eth0@if7    inet6 fe80::fc:ff:fe00:1/64 scope link \\       valid_lft forever preferred_lft forever',
    '3: tun0    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0\\       valid_lft forever preferred_lft forever',
    '',
  ].join('\n'))).toEqual([
    { device: 'lo', address: '127.0.0.1', family: 'inet', prefix: 8, scope: 'host' },
    { device: 'eth0', address: '192.0.2.2', family: 'inet', prefix: 24, scope: 'global' },
    { device: 'eth0', address: 'fd00::2', family: 'inet6', prefix: 64, scope: 'global' },
    { device: 'eth0', address: 'fe80::fc:ff:fe00:1', family: 'inet6', prefix: 64, scope: 'link' },
    { device: 'tun0', address: '10.8.0.2', family: 'inet', prefix: 32, scope: 'global' },
  ]);
});

test('this machine has a loopback', async () => {
  expect((await carryOut(addresses(), localTarget())).value).toContainEqual({ device: 'lo', address: '127.0.0.1', family: 'inet', prefix: 8, scope: 'host' });
});
