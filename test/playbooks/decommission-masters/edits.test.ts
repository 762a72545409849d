import { describe, expect, test } from 'vitest';
import { editFindings } from '../../../playbooks/decommission-masters/edits';
import type { Unit } from '../../../modules/systemd';
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

describe('editFindings', () => {
  test('finds nothing against the article\'s units', () => {
    expect(editFindings({ host, facts, units: [etcd, apiserver] }, world)).toEqual({ etcdServers: undefined, initialCluster: undefined, mentions: [] });
  });

  test('says beforehand what cannot be edited', () => {
    const packaged = unit('kube-etcd.service', `/etcd --initial-cluster=${facts.etcd.initialCluster ?? ''}`, '/lib/systemd/system/kube-etcd.service');
    const twice = unit('kube-apiserver.service', `/kube-apiserver --etcd-servers=${facts.apiserver.etcdServers} --etcd-servers=https://172.72.0.95:2379`);
    expect(editFindings({ host, facts, units: [packaged, twice] }, world)).toMatchObject({
      etcdServers: expect.stringContaining('--etcd-servers is given twice') as string, initialCluster: expect.stringContaining('belongs to a package') as string,
    });
    const inFile = { ...facts, etcd: { ...facts.etcd, initialClusterIn: { kind: 'file', path: '/etc/etcd.yml', line: undefined }, configFile: '/etc/etcd.yml' } } as const;
    expect(editFindings({ host, facts: inFile, units: [etcd, apiserver] }, world).initialCluster).toBe('/etc/etcd.yml does not hold initial-cluster with its value on one line');
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
