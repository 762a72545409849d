import { describe, expect, test } from 'vitest';
import type { Unit } from '../../../modules/systemd';
import { editFindings, type EditFindings } from '../../../playbooks/decommission-masters/edits';
import type { MasterFacts, SettingPlace } from '../../../playbooks/steps/masters';
import { masterFacts, MASTERS } from './findings';

const [host] = MASTERS;
const world = { leavingNames: ['172.72.0.96', 'm2', '172.72.0.97', 'm3'] };

function unit(name: string, exec: string, path = `/etc/systemd/system/${name}`): Unit {
  const text = `[Service]\nExecStart=${exec}\n`;
  const args = exec.split(' ').slice(1).map(each => ({ text: each, source: { file: path, line: 2 } }));
  return {
    unit: name, names: [name], description: '', load: 'loaded', active: 'active', sub: 'running', boot: 'enabled', fragment: path, dropIns: [], needsReload: false, type: 'simple', restart: 'no', user: '',
    mainPid: 1, invocationId: '', mainStart: 0, restarts: 0, canReload: false, remains: false, result: 'success', environmentFiles: [], program: exec.split(' ')[0] ?? '', args, problems: [],
    files: [{ path, text, encoding: 'utf8', mtime: 0 }],
  };
}

const facts = masterFacts('172.72.0.95');
const etcd = unit('kube-etcd.service', `/etcd --initial-cluster=${facts.etcd.initialCluster ?? ''}`);
const apiserver = unit('kube-apiserver.service', `/kube-apiserver --etcd-servers=${facts.apiserver.etcdServers}`);

function lineOf(line: string | undefined): SettingPlace {
  return { kind: 'file', path: '/etc/etcd.yml', line };
}

describe('editFindings', () => {
  test('finds nothing against the article\'s units', () => {
    expect(editFindings({ host, facts, units: [etcd, apiserver] }, world)).toEqual({ etcdServers: undefined, bootstrap: {}, mentions: [] });
  });

  test('says beforehand what cannot be edited', () => {
    const packaged = unit('kube-etcd.service', `/etcd --initial-cluster=${facts.etcd.initialCluster ?? ''}`, '/lib/systemd/system/kube-etcd.service');
    const twice = unit('kube-apiserver.service', `/kube-apiserver --etcd-servers=${facts.apiserver.etcdServers} --etcd-servers=https://172.72.0.95:2379`);
    expect(editFindings({ host, facts, units: [packaged, twice] }, world)).toMatchObject({
      etcdServers: expect.stringContaining('--etcd-servers is given twice') as string, bootstrap: { 'initial-cluster': expect.stringContaining('belongs to a package') as string, 'initial-cluster-state': expect.stringContaining('belongs to a package') as string },
    });
  });

  test.each<readonly [string, Partial<MasterFacts['etcd']>, EditFindings['bootstrap']]>([
    ['neither on one line', { initialClusterIn: lineOf(undefined), initialStateIn: lineOf(undefined) }, { 'initial-cluster': '/etc/etcd.yml does not hold initial-cluster with its value on one line', 'initial-cluster-state': '/etc/etcd.yml does not hold initial-cluster-state with its value on one line' }],
    ['both on one line', { initialClusterIn: lineOf('initial-cluster: a'), initialStateIn: lineOf('initial-cluster-state: new') }, {}],
    ['no state yet, below the members', { initialClusterIn: lineOf('initial-cluster: a'), initialState: undefined, initialStateIn: lineOf(undefined) }, {}],
    ['no state yet, and no place for it', { initialCluster: '172.72.0.95=https://172.72.0.95:2380', initialClusterIn: lineOf(undefined), initialState: undefined, initialStateIn: lineOf(undefined) }, { 'initial-cluster-state': '/etc/etcd.yml does not hold initial-cluster with its value on one line' }],
    ['nothing to edit', { initialCluster: '172.72.0.95=https://172.72.0.95:2380', initialClusterIn: lineOf(undefined), initialState: 'existing', initialStateIn: lineOf(undefined) }, {}],
  ])('of a configuration file with %s', (_what, change, expected) => {
    const inFile = { ...facts, etcd: { ...facts.etcd, ...change, configFile: '/etc/etcd.yml' } };
    expect(editFindings({ host, facts: inFile, units: [etcd, apiserver] }, world).bootstrap).toEqual(expected);
  });

  test.each([
    ['--etcd-servers-overrides=/events#https://172.72.0.96:2379;https://172.72.0.95:2379', true],
    ['--master=https://172.72.0.97:6443', true],
    ['--master=m2:6443', true],
    ['--master=https://172.72.0.95:6443', false],
    ['--advertise-address=172.72.0.960', false],
    ['--cluster-name=m2', false],
    ['--kubeconfig=/etc/m2/kube.config', false],
    ['--etcd-servers=https://172.72.0.96:2379', false],
  ])('%s names a leaving master: %s', (text, named) => {
    const other = unit('kube-controller-manager.service', `/kcm ${text}`);
    expect(editFindings({ host, facts, units: [etcd, apiserver, other] }, world).mentions).toEqual(named ? [`kube-controller-manager.service: ${text}`] : []);
  });
});
