import { expect, test } from 'vitest';
import { reportText, type ReportFacts } from '../../../playbooks/decommission-masters/report-text';
import { MASTERS } from './findings';

const [m1, m2] = MASTERS;
const RUN = '20260822T101500Z-1a2b';

const FACTS: ReportFacts = {
  world: { kept: [m1], leaving: [m2], dead: [{ name: 'm3', address: '172.72.0.97' }] },
  runId: RUN, took: 98_400, canaryMs: 1230, wipeKeys: false,
  members: { before: ['a', 'b', 'c'], after: ['a (leader)'] },
  writes: [12, 41],
  snapshots: [
    { host: 'm1', verified: { path: '/var/x.db', size: 100, revision: 7 }, kept: { path: '/c/x.db.age', size: 300, encrypted: true } },
    { host: 'm1', verified: undefined, kept: undefined },
  ],
  copies: [
    { host: 'm1', paths: [`/a-bak-${RUN}`, '/a-bak-20250101T000000Z-0000'] },
    { host: 'm2', paths: [`/b-bak-${RUN}`, `/var/lib/etcd.removed-${RUN}`] }, { host: 'n1', paths: [`/c-bak-${RUN}`] }, { host: 'n2', paths: [`/c-bak-${RUN}`] }, { host: 'n3', paths: [] },
  ],
  secrets: [{ host: 'm2', paths: ['/s/ca-key.pem', '/root/.kube/config'] }],
};

test('tells what is where, and how to go back', () => {
  expect(reportText(FACTS)).toBe(`m2, m3 (dead) left, m1 stayed; the run took 98.4 s.
  members before   a, b, c
  members after    a (leader)
  proved           2 nodes wrote and read through their proxies, the slowest in 41 ms; a deleted pod came back in 1.2 s
                   units, certificates, kubeconfigs, proxies and endpoints name no leaving master
  snapshot before  m1:/var/x.db, 100 bytes, revision 7, restored once to try it
                   controller:/c/x.db.age, 300 bytes, encrypted with age
  snapshot after   none of this run: no member was left to remove, so it is among those of the run before
  kept on m1       /a-bak-${RUN}
                   /a-bak-20250101T000000Z-0000
  kept on m2       /b-bak-${RUN}
                   /var/lib/etcd.removed-${RUN}
  kept on n1, n2   /c-bak-${RUN}
  still on m2      /s/ca-key.pem
                   /root/.kube/config
                   to delete them: a new run, or plan, with the same variables and --set wipeKeys=true
  m3 (dead)        nothing was done there: before it is switched on again, cut it off from the others and disable etcd, API server, controller-manager
                   and scheduler on it: with their old flags they would join in again
  way back         files: put the copies back in the place of their originals and reload
                   members: only by a new join, as a learner with an empty data directory`);
});

test('only counts copies of earlier runs where they are many', () => {
  const paths = Array.from({ length: 13 }, (_, i) => `/a-bak-20250101T000000Z-00${10 + i}`);
  expect(reportText({ ...FACTS, copies: [{ host: 'm1', paths }] })).toContain('kept on m1       13 of earlier runs\n');
});

test('says that nothing secret is left', () => {
  const text = reportText({ ...FACTS, wipeKeys: true, secrets: [{ host: 'm2', paths: [] }] });
  expect(text).toContain('still on m2      no CA key, no shared key, no kubeconfig\n');
  expect(text).not.toContain('to delete them');
});
