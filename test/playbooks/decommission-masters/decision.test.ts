import { describe, expect, test } from 'vitest';
import { decide } from '../../../playbooks/decommission-masters/decision';
import type { EditFindings } from '../../../playbooks/decommission-masters/edits';
import { of, type ApiFindings, type Findings } from '../../../playbooks/decommission-masters/findings';
import { losesWritesAlone } from '../../../playbooks/decommission-masters/problems-etcd';
import { worldOf, wrongChoice } from '../../../playbooks/decommission-masters/world';
import type { MasterFacts } from '../../../playbooks/steps/masters';
import { certificate, finished, healthy, INVENTORY, masterFacts, MASTERS, NODES, varsWith } from './findings';

const [m1, m2, m3] = MASTERS;
const gone = { unreachable: true, reason: 'connection refused' } as const;

describe('decide', () => {
  test('plans the work of a healthy cluster', () => {
    const decision = decide(healthy());
    expect(decision).toMatchObject({ problems: [], warnings: [], reached: false, holders: ['m1', 'm3'], keptMembers: ['a0'], keptHostnames: ['m1'] });
    expect(decision.members.map(member => [member.id, member.address, member.dead])).toEqual([['a1', '172.72.0.96', false], ['a2', '172.72.0.97', false]]);
    expect(decision.kept.get('m1')).toMatchObject({
      etcdServers: 'https://172.72.0.95:2379', restartsApiserver: true,
      bootstrap: [
        { name: 'initial-cluster', value: '172.72.0.95=https://172.72.0.95:2380', place: { kind: 'flag' }, refusal: undefined },
        { name: 'initial-cluster-state', value: 'existing', now: 'new', place: { kind: 'flag' }, refusal: undefined },
      ],
      reissue: [{ cert: '/etc/kubernetes/ssl/etcd.pem' }, { cert: '/etc/kubernetes/ssl/kubernetes.pem' }],
    });
    expect(decision.servers).toEqual({ kept: ['172.72.0.95:6443'], leaving: ['172.72.0.96:6443', '172.72.0.97:6443'] });
  });

  test('sees that nothing is left to do', () => {
    expect(decide(finished())).toMatchObject({ problems: [], left: [], reached: true, members: [] });
  });

  test.each<[string, Partial<Findings>]>([
    ['an apiserver that runs with old flags', { stale: new Map([[m1, true]]) }],
    ['a leaving etcd that is still enabled', { masters: new Map([...finished().masters, [m2, { facts: masterFacts('172.72.0.96') }]]) }],
    ['a node that still sends clients to a leaving server', { upstreams: new Map([...finished().upstreams, [NODES[0], [{ address: '172.72.0.95:6443', down: false }, { address: '172.72.0.96:6443', down: false }]]]) }],
    ['data that was not put aside', { remains: new Map([[m2, ['/var/lib/etcd']]]) }],
    ['a Lease that is still there', { api: new Map([[m1, { ...apiOf(finished()), leftovers: ['/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/decommission-masters'] }]]) }],
    ['a rebuild that would make a new cluster', { masters: new Map([...finished().masters, [m1, { facts: rebuilt('new') }]]) }],
    ['the same, by default', { masters: new Map([...finished().masters, [m1, { facts: rebuilt(undefined) }]]) }],
    ['a certificate that names a leaving host', { certificates: new Map([[m1, [certificate('/etc/kubernetes/ssl/etcd.pem', ['172.72.0.97'], 'k')]]]) }],
  ])('goes on after %s', (_what, change) => {
    expect(decide({ ...finished(), ...change }).reached).toBe(false);
  });

  test('removes dead members first', () => {
    const decision = decide(healthy(varsWith({ leaving: [m2], dead: ['172.72.0.97'] })));
    expect(decision.members.map(member => [member.address, member.dead])).toEqual([['172.72.0.97', true], ['172.72.0.96', false]]);
  });

  test('leaves alone an etcd that finds its members in another way', () => {
    const found = { ...rebuilt('new'), etcd: { ...rebuilt('new').etcd, initialCluster: undefined } };
    const decision = decide({ ...finished(), masters: new Map([...finished().masters, [m1, { facts: found }]]) });
    expect([decision.kept.get('m1')?.bootstrap, decision.reached]).toEqual([[], true]);
  });

  test('keeps a certificate that only resembles a leaving name', () => {
    const certificates = new Map([[m1, [certificate('/etc/kubernetes/ssl/etcd.pem', ['172.72.0.95', '172.72.0.960', '1.172.72.0.96', 'm22'], 'k')]]]);
    expect(decide({ ...healthy(), certificates }).kept.get('m1')?.reissue).toEqual([]);
  });
});

/** What the API of the first master says. */
function apiOf({ api }: Findings): ApiFindings {
  const seen = of(api, m1);
  if (seen === undefined) throw new Error('the cluster of the tests has an API');
  return seen;
}

/** The first master at the end, but for what a rebuild of its etcd would do. */
function rebuilt(initialState: string | undefined): MasterFacts {
  const reading = of(finished().masters, m1);
  if (reading === undefined || !('facts' in reading)) throw new Error('the cluster of the tests has a first master');
  return { ...reading.facts, etcd: { ...reading.facts.etcd, initialState } };
}

function edited(change: Partial<EditFindings>): Findings['edits'] {
  return new Map([[m1, { etcdServers: undefined, bootstrap: {}, mentions: [], ...change }]]);
}

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
    ['an API server that is not ready', { api: new Map([[m1, { ...apiOf(base), failing: ['etcd'] }]]) }, /m1: its API server is not ready: etcd/],
    ['an old API server', { api: new Map([[m1, { ...apiOf(base), version: 'v1.16.15' }]]) }, /m1: its API server is v1\.16\.15, and before v1\.17/],
    ['an old etcd', { etcd: { ...etcd, statuses: etcd.statuses.map(status => ({ ...status, version: '3.3.3' })) } }, /etcd 3\.3\.3 does not read its certificates again/],
    ['a flag that cannot be edited', { edits: edited({ etcdServers: '--etcd-servers is given twice' }) }, /m1: --etcd-servers cannot be edited: --etcd-servers is given twice/],
    ['another flag that names a leaving master', { edits: edited({ mentions: ['kube-apiserver.service: --etcd-servers-overrides=/events#https://172.72.0.96:2379'] }) }, /m1: kube-apiserver\.service: --etcd-servers-overrides.* is not edited/],
    ['a service-account key that is gone', { saKeys: new Map([[m1, [{ path: '/etc/kubernetes/ssl/sa.key', sha256: undefined }]]]) }, /m1: .* \/etc\/kubernetes\/ssl\/sa\.key, and there is no such file/],
    ['a certificate of another CA', { foreign: new Map([[m1, ['/etc/kubernetes/ssl/etcd.pem (issued by CN=other)']]]) }, /m1: \/etc\/kubernetes\/ssl\/etcd\.pem \(issued by CN=other\) was not issued by the CA/],
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

  test('a leaving master may have lost its service-account key', () => {
    expect(decide({ ...base, saKeys: new Map([[m2, [{ path: '/etc/kubernetes/ssl/sa.key', sha256: undefined }]]]) }).problems).toEqual([]);
  });

  test('a dead master that answers', () => {
    const vars = varsWith({ leaving: [m2], dead: ['m3'] });
    expect(decide(healthy(vars)).problems).toEqual([expect.stringMatching(/m3 is named as dead, and its etcd member answers/)]);
  });

  test('a rolling restart that would stop etcd', () => {
    const vars = varsWith({ leaving: [m2], dead: ['m3'], etcdRestart: 'rolling' });
    expect(decide({ ...healthy(vars), etcd: { ...etcd, statuses: etcd.statuses.slice(0, 2) } }).problems).toEqual([expect.stringMatching(/while one of 2 members restarts/)]);
    expect(decide(healthy(varsWith({ etcdRestart: 'rolling' }))).problems).toEqual([]);
  });

  test('several are told at once', () => {
    expect(decide({ ...base, authority: gone, hosts: new Map([...base.hosts, [NODES[1], gone]]) }).problems).toHaveLength(2);
  });

  test.each([['3.4.12', true], ['3.4.20', true], ['3.4.21', false], ['3.5.4', true], ['3.5.5', false], ['3.6.0', false], ['3.3.10', false]])('a lone etcd %s loses writes: %s', (version, risky) => {
    expect(losesWritesAlone(version)).toBe(risky);
  });
});

describe('warnings', () => {
  test.each<[string, Partial<Findings>, RegExp]>([
    ['a CA that expires within a year', { authority: { notAfter: new Date(Date.now() + 100.5 * 86_400_000).toISOString(), origin: 'm1:/ca.pem' } }, /the CA m1:\/ca\.pem expires in 100 days/],
    ['an --initial-cluster that is left to the user', { edits: edited({ bootstrap: { 'initial-cluster': '/etc/etcd.yml does not hold initial-cluster with its value on one line' } }) }, /m1: --initial-cluster is left to you \(\/etc\/etcd\.yml .*should be 172\.72\.0\.95=https:\/\/172\.72\.0\.95:2380$/],
    ['an --initial-cluster-state that is left to the user', { edits: edited({ bootstrap: { 'initial-cluster-state': 'it is given twice' } }) }, /m1: --initial-cluster-state is left to you \(it is given twice\); it counts at the next rebuild of etcd and should be existing$/],
    ['somebody past nginx', { peers: new Map([[m2, [{ port: 6443, address: '10.9.9.9' }, { port: 6443, address: '172.72.0.98' }]]]) }, /m2: 10\.9\.9\.9 is connected to its API server \(port 6443\)/],
    ['a network plug-in with an etcd', { etcdUsers: new Map([[NODES[0], ['/etc/cni/net.d/10-calico.conf']]]) }, /n1: \/etc\/cni\/net\.d\/10-calico\.conf name the etcd of a leaving master/],
  ])('%s', (_what, change, expected) => {
    expect(decide({ ...healthy(), ...change })).toMatchObject({ problems: [], warnings: [expect.stringMatching(expected)] });
  });

  test('what is left to the user does not keep the run from its end', () => {
    const masters = new Map([...finished().masters, [m1, healthy().masters.get(m1) ?? gone]]);
    const stale = { ...masterFacts('172.72.0.95'), apiserver: { ...masterFacts('172.72.0.95').apiserver, etcdServers: 'https://172.72.0.95:2379' } };
    expect(decide({ ...finished(), masters: new Map([...masters, [m1, { facts: stale }]]) }).left).toEqual(['m1: --initial-cluster names a leaving master', 'm1: --initial-cluster-state is new']);
    expect(decide({ ...finished(), masters: new Map([...masters, [m1, { facts: stale }]]), edits: edited({ bootstrap: { 'initial-cluster': 'it is given twice', 'initial-cluster-state': 'it is given twice' } }) }).reached).toBe(true);
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
