import type { Findings } from '../../bench/types';

/** A sitting as it could have been. */
export const findings: Findings = {
  at: '2026-11-23T05:00:00.000Z', commit: 'abc1234', machine: '2 cores, 24 GB, Debian 12, Node 20', load: 0.2, minutes: 12,
  peers: [{ name: 'runsheet', title: 'Runsheet', version: '0.1.0' }, { name: 'ansible', title: 'Ansible, pipelining', version: '2.14' }, { name: 'ssh', title: '`ssh HOST true`, side by side', version: 'OpenSSH_9.2p1' }],
  missing: [{ title: 'Ansible, mitogen', why: 'not installed' }],
  cells: [
    { peer: 'runsheet', work: 'unchanged', hosts: 10, delayMs: 0, seconds: [1, 1.2, 0.8] },
    { peer: 'ansible', work: 'unchanged', hosts: 10, delayMs: 0, seconds: [25, 26] },
    { peer: 'ssh', work: 'unchanged', hosts: 10, delayMs: 0, seconds: [0.9] },
    { peer: 'runsheet', work: 'first', hosts: 10, delayMs: 0, seconds: [5] },
    { peer: 'ansible', work: 'first', hosts: 10, delayMs: 0, seconds: [], why: 'broke | in\ntwo' },
    { peer: 'runsheet', work: 'unchanged', hosts: 10, delayMs: 50, seconds: [2] },
  ],
  links: [
    { peer: 'runsheet', delayMs: 50, near: [0.5], far: [1.5], connections: 1, bytesUp: 12_000, bytesDown: 8000, turns: 22 },
    { peer: 'ssh', delayMs: 50, near: [0.2], far: [1], connections: 1, bytesUp: 3000, bytesDown: 3000, turns: 16 },
  ],
  crowd: [
    { addresses: 100, work: 'unchanged', seconds: [3], cpu: [1.5], memory: [80] },
    { addresses: 1000, work: 'unchanged', seconds: [45], cpu: [12], memory: [140] },
  ],
  floors: [{ addresses: 100, seconds: [2] }],
  problems: [],
};
