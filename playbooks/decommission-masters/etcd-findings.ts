/** From etcd's health to what the decision is made from. */
import { judge, type Health } from '../../modules/etcd';
import { isOneOf } from '../steps/urls';
import type { EtcdFindings } from './findings';
import type { World } from './world';

/** Dead members may be silent; about everybody else silence, alarms and disagreement are problems. */
export function etcdFindings(health: Health, world: World): EtcdFindings {
  const dead = world.dead.flatMap(each => [each.address, each.name]);
  return {
    members: health.members,
    statuses: health.members.flatMap(member => (member.answered ? [{ id: member.id, version: member.status.version, dbSize: member.status.dbSize }] : [])),
    problems: judge(health, { dead: health.members.filter(member => member.peerUrls.some(url => isOneOf(url, dead))).map(member => member.id) }),
  };
}
