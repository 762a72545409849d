/**
 * Looks at a binary-deployed Kubernetes cluster and prints one table per host: services, certificates, etcd, nodes, upstreams, leader locks.
 * Changes nothing and takes no lock.
 *
 *     runsheet run playbooks/cluster-check.ts -i inventory.ini [--limit m1]
 */
import { z } from 'zod';
import { addressOf, play, playbook, runIfMain, task, type Host, type Play, type PlaybookContext, type Task } from '../core';
import * as host from '../modules/host';
import * as kube from '../modules/kube';
import * as nginx from '../modules/nginx';
import * as report from '../modules/report';
import * as systemd from '../modules/systemd';
import { masterReport, nodeReport } from './cluster-check/reports';
import { hostTable } from './cluster-check/table';
import { clusterVars } from './steps/cluster-vars';
import { tryEtcd } from './steps/etcd';
import { observeMasters } from './steps/observe-masters';

const schema = z.strictObject(clusterVars);
type Vars = z.output<typeof schema>;

export default playbook({
  name: 'Check the cluster',
  description: 'Prints services, certificates and their expiry, etcd, nodes, upstreams and leader locks of each host. Read only. Groups: masters, nodes.',
  vars: schema,
  plays,
});

function plays({ vars, inventory }: PlaybookContext<Vars>): readonly Play[] {
  const masters = inventory.groups.get('masters') ?? [];
  const nodes = (inventory.groups.get('nodes') ?? []).filter(each => !masters.includes(each));
  return [ofMasters(vars, masters), ofNodes(vars, nodes)];
}

function ofMasters(vars: Vars, hosts: readonly Host[]): Play {
  const { proxy, tasks } = everywhere(vars);
  const master = observeMasters(vars.units);
  const credentials = task('Read the kubeconfig', kube.credentials({ kubeconfig: vars.kubeconfig }));
  const nodes = task('Ask for the nodes', ({ access }) => kube.nodes({ access: { credentials: access } }), { uses: { access: credentials } });
  const holders = task('Ask who holds the leader locks', ({ access }) => kube.holders({ access: { credentials: access } }), { uses: { access: credentials } });
  const etcd = tryEtcd(master.reading);
  const print = task('Print the table', seen => report.print({ text: hostTable(masterReport({ ...seen, address: addressOf(seen.host) }), new Date()) }), {
    uses: { ...proxy, units: master.units, certificates: master.certificates, stale: master.stale, nodes, holders, etcd },
  });
  return play({ name: 'Masters', hosts, become: true, tasks: [...tasks, ...master.tasks, credentials, nodes, holders, etcd, print] });
}

function ofNodes(vars: Vars, hosts: readonly Host[]): Play {
  const { proxy, tasks } = everywhere(vars);
  const print = task('Print the table', seen => report.print({ text: hostTable(nodeReport(seen), new Date()) }), { uses: proxy });
  return play({ name: 'Nodes', hosts, become: true, tasks: [...tasks, print] });
}

interface Everywhere {
  readonly proxy: { readonly facts: Task<host.HostFacts>; readonly nginxUnit: Task<systemd.Unit>; readonly nginxConf: Task<nginx.NginxReading> };
  readonly tasks: readonly Task<unknown>[];
}

function everywhere({ units }: Vars): Everywhere {
  const facts = task('Read name and clock', host.facts({}));
  const nginxUnit = task('Read the unit of nginx', systemd.unit({ unit: units.nginx }));
  const nginxConf = task('Read the configuration of nginx', nginx.upstreams({ unit: units.nginx }));
  return { proxy: { facts, nginxUnit, nginxConf }, tasks: [facts, nginxUnit, nginxConf] };
}

runIfMain(module);
