/** What is not as it will be at the end. A run that was killed anywhere before its end has something of this left to do. Pure. */
import { isOneOf } from '../steps/urls';
import type { BootstrapPlan, Decision } from './decision';
import { known, type Findings } from './findings';

type Draft = Omit<Decision, 'reached' | 'left'>;

/** All of it, each a sentence. */
export function leftToDo(draft: Draft, findings: Findings): string[] {
  return [
    ...keptMasters(draft), ...leavingMasters(draft, findings), ...proxies(findings),
    ...draft.members.map(member => `${member.name || member.id} is a member of etcd`),
    ...(known(findings.api)[0]?.[1].leftovers ?? []).map(path => `${path} is in the cluster`),
  ];
}

function keptMasters({ kept }: Draft): string[] {
  return [...kept].flatMap(([name, { reissue, restartsApiserver, bootstrap }]) => [
    ...reissue.map(pair => `${name}: ${pair.cert} names a leaving master`),
    ...(restartsApiserver ? [`${name}: the API server does not run with the wanted --etcd-servers`] : []),
    ...bootstrap.filter(({ refusal, value, now }) => refusal === undefined && value !== now).map(setting => `${name}: ${wrongIn(setting)}`),
  ]);
}

function wrongIn({ name, now = 'new, since it is not said' }: BootstrapPlan): string {
  return name === 'initial-cluster' ? '--initial-cluster names a leaving master' : `--initial-cluster-state is ${now}`;
}

function leavingMasters({ leaving }: Draft, { remains }: Findings): string[] {
  const running = [...leaving].flatMap(([name, { etcd, apiserver, controllerManager, scheduler }]) =>
    Object.entries({ etcd, apiserver, controllerManager, scheduler }).filter(([, { active, enabled }]) => active || enabled).map(([component]) => `${name}: ${component} runs or is enabled`));
  return [...running, ...known(remains).flatMap(([host, paths]) => paths.map(path => `${host.name}: ${path} is there`))];
}

function proxies({ upstreams, world }: Findings): string[] {
  return known(upstreams).flatMap(([host, servers]) => servers.filter(server => server.down !== isOneOf(server.address, world.leavingNames))
    .map(server => `${host.name}: nginx has ${server.address} ${server.down ? 'down' : 'in use'}`));
}
