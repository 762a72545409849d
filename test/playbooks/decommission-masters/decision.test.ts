import { describe, expect, test } from 'vitest';
import { decide } from '../../../playbooks/decommission-masters/decision';
import type { Findings } from '../../../playbooks/decommission-masters/findings';
import { losesWritesAlone } from '../../../playbooks/decommission-masters/problems';
import { worldOf, wrongChoice } from '../../../playbooks/decommission-masters/world';
import { certificate, finished, healthy, INVENTORY, masterFacts, MASTERS, NODES, varsWith } from './findings';

const [m1, m2, m3] = MASTERS;
const gone = { unreachable: true, reason: 'connection refused' } as const;

describe('decide', () => {
  test('plans the work of a healthy cluster', () => {
    const decision = decide(healthy());
    expect(decision).toMatchObject({ problems: [], warnings: [], reached: false, holders: ['m1', 'm3'], keptMembers: ['a0'], keptHostnames: ['m1'] });
    expect(decision.members.map(member => [member.id, member.address, member.dead])).toEqual([['a1', '172.72.0.96', false], ['a2', '172.72.0.97', false]]);
    expect(decision.kept.get('m1')).toMatchObject({
      etcdServers: 'https://172.72.0.95:2379', initialCluster: '172.72.0.95=https://172.72.0.95:2380', restartsApiserver: true,
      reissue: [{ cert: '/etc/kubernetes/ssl/etcd.pem' }, { cert: '/etc/kubernetes/ssl/kubernetes.pem' }],
    });
    expect(decision.servers).toEqual({ kept: ['172.72.0.95:6443'], leaving: ['172.72.0.96:6443', '172.72.0.97:6443'] });
  });

  test('sees that nothing is left to do', () => {
    expect(decide(finished())).toMatchObject({ problems: [], reached: true, members: [] });
  });

  test.each<[string, Partial<Findings>]>([
    ['an apiserver that runs with old flags', { stale: new Map([[m1, true]]) }],
    ['a leaving etcd that is still enabled', { masters: new Map([...finished().masters, [m2, { facts: masterFacts('172.72.0.96') }]]) }],
    ['a node that still sends clients to a leaving server', { upstreams: new Map([...finished().upstreams, [NODES[0], [{ address: '172.72.0.95:6443', down: false }, { address: '172.72.0.96:6443', down: false }]]]) }],
    ['a certificate that names a leaving host', { certificates: new Map([[m1, [certificate('/etc/kubernetes/ssl/etcd.pem', ['172.72.0.97'], 'k')]]]) }],
  ])('goes on after %s', (_what, change) => {
    expect(decide({ ...finished(), ...change }).reached).toBe(false);
  });

  test('removes dead members first', () => {
    const decision = decide(healthy(varsWith({ leaving: [m2], dead: ['172.72.0.97'] })));
    expect(decision.members.map(member => [member.address, member.dead])).toEqual([['172.72.0.97', true], ['172.72.0.96', false]]);
  });

  test('keeps a certificate that only resembles a leaving name', () => {
    const certificates = new Map([[m1, [certificate('/etc/kubernetes/ssl/etcd.pem', ['172.72.0.95', '172.72.0.960', '1.172.72.0.96', 'm22'], 'k')]]]);
    expect(decide({ ...healthy(), certificates }).kept.get('m1')?.reissue).toEqual([]);
  });
});

describe('problems', () => {
  const base = healthy();
  const etcd = 'unreachable' in base.etcd ? undefined : base.etcd;
  if (etcd === undefined) throw new Error('the healthy cluster has etcd');
  const stranger = { id: 'ff', name: 'x', peerUrls: ['https://10.0.0.1:2380'], isLearner: false };
  test.each<[string, Partial<Findings>, RegExp]>([
    ['a silent node', { hosts: new Map([...base.hosts, [NODES[1], gone]]) }, /n2 cannot be asked: connection refused$/],
    ['a silent leaving master', { hosts: new Map([...base.hosts, [m3, gone]]) }, /m3 cannot be asked.*name it in `dead`/],
    ['a missing unit', { masters: new Map([...base.masters, [m1, { problems: ['there is no unit kube-etcd'] }]]) }, /m1: there is no unit kube-etcd/],
    ['a member nobody knows', { etcd: { ...etcd, members: [...etcd.members, stranger] } }, /a member x at https:\/\/10\.0\.0\.1:2380 that is neither kept nor leaving/],
    ['a member that never started', { etcd: { ...etcd, members: [...etcd.members, { ...stranger, name: '', peerUrls: ['https://172.72.0.96:2380'] }] } }, /has no name/],
    ['a kept master without a member', { etcd: { ...etcd, members: etcd.members.slice(1) } }, /m1 .* is no member/],
    ['a kept member that does not answer', { etcd: { ...etcd, statuses: etcd.statuses.slice(1) } }, /m1: its etcd member does not answer/],
    ['a lost quorum', { etcd: { ...etcd, statuses: etcd.statuses.slice(0, 1) } }, /only 1 of 3 etcd members answer, 2 are needed/],
    ['an alarm', { etcd: { ...etcd, problems: ['alarm NOSPACE on m1'] } }, /^alarm NOSPACE/],
    ['a lone member of a version that loses writes', { etcd: { ...etcd, statuses: etcd.statuses.map(status => ({ ...status, version: '3.4.12' })) } }, /etcd#14370/],
    ['a strange upstream server', { upstreams: new Map([...base.upstreams, [NODES[0], [{ address: '172.72.0.95:6443', down: false }, { address: '172.72.0.950:6443', down: false }]]]) }, /n1: upstream apiserver has a server 172\.72\.0\.950:6443/],
    ['an upstream without the kept server', { upstreams: new Map([...base.upstreams, [NODES[0], [{ address: '172.72.0.96:6443', down: false }]]]) }, /n1: upstream apiserver lacks the kept master 172\.72\.0\.95/],
    ['another proxy than the one that is named', { listens: new Map([[NODES[0], ['127.0.0.1:9443']]]) }, /n1: nginx offers upstream apiserver on 127\.0\.0\.1:9443, not on 127\.0\.0\.1:8443/],
    ['an API server that is not ready', { api: new Map([[m1, { failing: ['etcd'], notReadyNodes: [], endpoints: [], holders: [] }]]) }, /m1: its API server is not ready: etcd/],
    ['a CA that is nowhere', { authority: gone }, /the CA cannot be used/],
    ['a CA that expires', { authority: { notAfter: '2020-01-01T00:00:00.000Z', origin: 'm1:/ca.pem' } }, /expires at 2020/],
    ['a full disk', { hosts: new Map([...base.hosts, [NODES[0], { hostname: 'n1', clockOffsetMs: 0, free: { '/etc': 1000 } }]]) }, /n1: \/etc has 0 MB free/],
    ['a clock that is minutes off', { hosts: new Map([...base.hosts, [NODES[0], { hostname: 'n1', clockOffsetMs: 600_000, free: {} }]]) }, /n1: its clock is 600 s off/],
    ['somebody else at a leaving etcd', { peers: new Map([[m2, [{ port: 2379, address: '10.9.9.9' }]]]) }, /m2: 10\.9\.9\.9 is connected to its etcd/],
    ['a kubeconfig past the proxy', { kubeconfigs: new Map([[NODES[0], ['/etc/kubernetes/x.kubeconfig']]]) }, /n1: \/etc\/kubernetes\/x\.kubeconfig name a leaving API server directly/],
  ])('%s', (_what, change, expected) => {
    const { problems } = decide({ ...base, ...change });
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  test('a new key for the pair that signs tokens is refused', () => {
    const saKeys = new Map([[m1, [{ path: '/etc/kubernetes/ssl/kubernetes-key.pem', sha256: 'api-key' }]]]);
    expect(decide({ ...healthy(varsWith({ newKeys: true })), saKeys }).problems).toEqual([expect.stringMatching(/m1: newKeys is refused/)]);
    expect(decide({ ...healthy(), saKeys }).problems).toEqual([]);
  });

  test('several are told at once', () => {
    expect(decide({ ...base, authority: gone, hosts: new Map([...base.hosts, [NODES[1], gone]]) }).problems).toHaveLength(2);
  });

  test.each([['3.4.12', true], ['3.4.20', true], ['3.4.21', false], ['3.5.4', true], ['3.5.5', false], ['3.6.0', false], ['3.3.10', false]])('a lone etcd %s loses writes: %s', (version, risky) => {
    expect(losesWritesAlone(version)).toBe(risky);
  });
});

describe('wrongChoice', () => {
  const all = [...MASTERS, ...NODES];
  test.each([
    ['nobody leaves', varsWith({ leaving: [] }), all, /name the masters that leave/],
    ['a node is named', varsWith({ leaving: [m2, NODES[0]] }), all, /n1 is not in the group "masters"/],
    ['all leave', varsWith({ leaving: [...MASTERS] }), all, /at least one must stay/],
    ['the limit drops a node', varsWith(), all.slice(0, 4), /--limit leaves out n2/],
  ])('%s', (_what, vars, selected, expected) => {
    expect(wrongChoice(worldOf(vars, INVENTORY), vars, { inventory: INVENTORY, selected })).toEqual([expect.stringMatching(expected)]);
  });

  test('a good choice', () => {
    expect(wrongChoice(worldOf(varsWith(), INVENTORY), varsWith(), { inventory: INVENTORY, selected: all })).toEqual([]);
  });

  test('a dead master that the inventory does not have', () => {
    const world = worldOf(varsWith({ leaving: [m2], dead: ['10.1.1.1'] }), INVENTORY);
    expect(world.dead).toEqual([{ name: '10.1.1.1', address: '10.1.1.1' }]);
    expect(world.leavingNames).toContain('10.1.1.1');
  });
});
