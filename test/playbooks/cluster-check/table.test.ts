import { expect, test } from 'vitest';
import { hostTable, type HostReport } from '../../../playbooks/cluster-check/table';
import { certificate } from '../decommission-masters/findings';

const unit = { unit: 'kube-etcd.service', active: 'active', sub: 'running', boot: 'enabled', restarts: 0 };
const base: HostReport = { name: 'm1', units: [unit], stale: [], certificates: [], upstreams: [], warnings: [], etcd: undefined, nodes: [], holds: [] };
const now = new Date('2026-11-22T00:00:00Z');

function certificateUntil(notAfter: string): HostReport['certificates'][number] {
  const file = certificate('/ssl/etcd.pem', [], 'k');
  return { ...file, leaf: { ...file.leaf, notAfter } };
}

test.each<[string, Partial<HostReport>, string]>([
  ['a service', {}, '  kube-etcd.service  active (running), enabled'],
  ['a service that a reboot would lose', { units: [{ ...unit, boot: 'disabled' }] }, '  kube-etcd.service  active (running), disabled  <- runs now and will not after a reboot'],
  ['a service that is down', { units: [{ ...unit, active: 'failed', sub: 'failed' }] }, '  kube-etcd.service  failed (failed), enabled  <- is enabled and does not run'],
  ['a certificate', { units: [], certificates: [certificateUntil('2027-11-22T00:00:00.000Z')] }, '  /ssl/etcd.pem  CN=x, until 2027-11-22 (365 days)'],
  ['a certificate near its end', { units: [], certificates: [certificateUntil('2026-12-01T00:00:00.000Z')] }, '  /ssl/etcd.pem  CN=x, until 2026-12-01 (9 days)  <- expires soon'],
  ['an expired certificate', { units: [], certificates: [certificateUntil('2026-11-01T00:00:00.000Z')] }, '  /ssl/etcd.pem  CN=x, until 2026-11-01 (-21 days)  <- expired'],
  ['an upstream', { units: [], upstreams: [{ name: 'apiserver', servers: [{ address: 'a:6443', down: false }, { address: 'b:6443', down: true }] }] }, '  upstream apiserver  a:6443 (b:6443 down)'],
  ['etcd', { units: [], etcd: { version: '3.4.23', isLeader: true, dbSize: 3_145_728, members: 3, problems: [] } }, '  etcd  3.4.23, leader of 3 members, 3.0 MB'],
  ['nodes', { units: [], nodes: [{ name: 'n1', ready: false, schedulable: true, addresses: [], kubeletVersion: '' }] }, '  nodes  0 of 1 Ready  <- not Ready: n1'],
])('%s', (_what, change, line) => {
  expect(hostTable({ ...base, ...change }, now)).toBe(`m1\n${line}`);
});
