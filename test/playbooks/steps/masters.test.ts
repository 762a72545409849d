import { describe, expect, test } from 'vitest';
import { readMaster, type ConfigFile, type MasterFacts, type UnitView } from '../../../playbooks/steps/masters';

const CLUSTER = 'm1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380';

function unit(name: string, flags: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>> = {}): UnitView {
  return { name, exists: true, active: true, enabled: true, flag: flag => flags[flag.replace(/^--/, '')], variable: variable => variables[variable] };
}

const ETCD = {
  'name': 'm1', 'data-dir': '/var/lib/etcd', 'initial-advertise-peer-urls': 'https://10.0.0.1:2380', 'advertise-client-urls': 'https://10.0.0.1:2379',
  'cert-file': '/s/etcd.pem', 'key-file': '/s/etcd-key.pem', 'peer-cert-file': '/s/etcd.pem', 'peer-key-file': '/s/etcd-key.pem', 'trusted-ca-file': '/s/ca.pem',
};
const APISERVER = { 'etcd-servers': 'https://10.0.0.1:2379', 'etcd-certfile': '/s/k.pem', 'etcd-keyfile': '/s/k-key.pem', 'etcd-cafile': '/s/ca.pem', 'tls-cert-file': '/s/k.pem', 'tls-private-key-file': '/s/k-key.pem' };

function read(etcd: UnitView, config?: ConfigFile): MasterFacts {
  const reading = readMaster({ etcd, apiserver: unit('a', APISERVER), controllerManager: unit('c', {}), scheduler: unit('s', {}) }, config);
  if (!('facts' in reading)) throw new Error(reading.problems.join('; '));
  return reading.facts;
}

describe('readMaster', () => {
  test('finds --initial-cluster where it is a flag or a variable', () => {
    expect(read(unit('e', { ...ETCD, 'initial-cluster': CLUSTER })).etcd).toMatchObject({ initialCluster: CLUSTER, initialClusterIn: { kind: 'flag' } });
    expect(read(unit('e', ETCD, { ETCD_INITIAL_CLUSTER: CLUSTER })).etcd).toMatchObject({ initialCluster: CLUSTER, initialClusterIn: { kind: 'variable', name: 'ETCD_INITIAL_CLUSTER' } });
    expect(read(unit('e', ETCD)).etcd.initialCluster).toBeUndefined();
  });

  test('finds its state apart from it', () => {
    expect(read(unit('e', { ...ETCD, 'initial-cluster-state': 'new' })).etcd).toMatchObject({ initialState: 'new', initialStateIn: { kind: 'flag' } });
    const mixed = read(unit('e', { ...ETCD, 'initial-cluster': CLUSTER }, { ETCD_INITIAL_CLUSTER_STATE: 'new' }));
    expect(mixed.etcd).toMatchObject({ initialClusterIn: { kind: 'flag' }, initialState: 'new', initialStateIn: { kind: 'variable', name: 'ETCD_INITIAL_CLUSTER_STATE' } });
    expect(read(unit('e', ETCD, { ETCD_INITIAL_CLUSTER: CLUSTER })).etcd).toMatchObject({ initialState: undefined, initialStateIn: { kind: 'flag' } });
  });

  test.each<[string, string | undefined]>([
    ['initial-cluster-state: new # new or existing', 'new'], ["initial-cluster-state: 'new'", 'new'], ['initial-cluster-state:   "new"  ', 'new'],
    ['initial-cluster-state: &state new', 'new'], ['initial-cluster-state: >-\n  new', 'new'], ['', undefined],
  ])('finds it in a configuration file: %s', (text, value) => {
    const config = { path: '/etc/etcd.yml', text: `name: m1\n${text}\n`, settings: { ...ETCD, ...(value === undefined ? {} : { 'initial-cluster-state': value }) } };
    const isPlain = value !== undefined && !/[&>]/.test(text);
    expect(read(unit('e', {}), config).etcd).toMatchObject({ initialState: value, initialStateIn: { kind: 'file', path: '/etc/etcd.yml', line: isPlain ? text : undefined } });
  });

  test.each<[string, string, string | undefined]>([
    ['a plain line', `name: m1\ninitial-cluster: ${CLUSTER}  # all\n`, `initial-cluster: ${CLUSTER}  # all`],
    ['quotes', `initial-cluster: "${CLUSTER}"\r\nname: m1\r\n`, `initial-cluster: "${CLUSTER}"`],
    ['several lines', 'initial-cluster: >-\n  m1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380\n', undefined],
    ['flow style', `{ initial-cluster: "${CLUSTER}" }\n`, undefined],
  ])('finds it in a configuration file: %s', (_what, text, line) => {
    const config = { path: '/etc/etcd.yml', text, settings: { ...ETCD, 'initial-cluster': CLUSTER } };
    // Flags and variables count for nothing beside a file.
    expect(read(unit('e', { 'initial-cluster': 'other' }), config).etcd).toMatchObject({ initialCluster: CLUSTER, initialClusterIn: { kind: 'file', path: '/etc/etcd.yml', line }, configFile: '/etc/etcd.yml' });
  });

  test('says all that is missing', () => {
    const reading = readMaster({ etcd: unit('e', {}), apiserver: unit('a', APISERVER), controllerManager: unit('c', {}), scheduler: unit('s', {}) }, undefined);
    expect(reading).toMatchObject({ problems: expect.arrayContaining(['e has no --name', 'e has no --data-dir']) as string[] });
  });
});
