/** Asks every member of a cluster, over connections that are kept while one look lasts. */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../core/errors';
import type { Finding } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { endpointOfUrl, readCredentials, type Credentials, type EtcdAccess } from './access';
import type { Member } from './answers';
import { openClient, type EtcdClient } from './client';
import { EtcdFailure } from './failure';
import { judge, judgeStability, type Expectation, type Health, type MemberHealth } from './judge';

/** How long leader and term must stay as they are, in milliseconds: etcd's HealthInterval is 5 s. */
export const SETTLE_MS = 6000;
/** Pause between two samples, milliseconds. */
const SAMPLE_MS = 1500;

/** Connections to all members of a cluster, opened as they are needed. */
export interface Survey {
  /** The member that the access names. */
  readonly client: EtcdClient;
  /** Asks all members now. @throws EtcdFailure when the access's own member does not answer a linearizable read */
  look(): Promise<Health>;
}

/** Opens a survey, uses it, and closes all its connections. */
export async function withSurvey<T>(on: Target, access: EtcdAccess, use: (survey: Survey) => Promise<T>): Promise<T> {
  const credentials = await readCredentials(on, access);
  const client = await openClient(on, access, credentials);
  const others = new Map<string, EtcdClient>();
  const clientFor = async (member: Member): Promise<EtcdClient> => {
    const known = others.get(member.id);
    if (known !== undefined) return known;
    const opened = await openClient(on, accessTo(access, member), credentials);
    others.set(member.id, opened);
    return opened;
  };
  try {
    return await use({ client, look: () => lookAtAll(client, clientFor) });
  } finally {
    await Promise.all([client, ...others.values()].map(each => each.close()));
  }
}

/** Asks all members once. */
export function readHealth(on: Target, access: EtcdAccess): Promise<Health> {
  return withSurvey(on, access, survey => survey.look());
}

/**
 * Watches a cluster for a while: every sample must be healthy, leader and term the same in all. It ends with the first one that is not.
 * etcd itself does not notice a member that hangs for a few seconds (hazards: E4), so this is asked right before a member is removed.
 */
export async function provenHealth(on: Target, survey: Survey, expected: Expectation, stableMs = SETTLE_MS): Promise<Finding<Health>> {
  const until = performance.now() + stableMs;
  const samples: Health[] = [];
  for (;;) {
    const health = await survey.look().catch(silence);
    if ('reason' in health) return { ok: false, reason: health.reason };
    samples.push(health);
    const problems = [...judge(health, expected), ...judgeStability(samples.map(sample => without(sample, expected)))];
    if (problems.length > 0) return { ok: false, reason: problems.join('; ') };
    const left = until - performance.now();
    if (left <= 0) return { ok: true, value: health };
    await pause(Math.min(SAMPLE_MS, left), undefined, { signal: on.signal });
  }
}

/** No linearizable read, no quorum: a finding, not a fault. */
function silence(error: unknown): { readonly reason: string } {
  if (error instanceof EtcdFailure) return { reason: error.message };
  throw error;
}

/** A client of another member of the same cluster. */
export async function withMember<T>(on: Target, access: EtcdAccess, member: Member, use: (client: EtcdClient) => Promise<T>): Promise<T> {
  const credentials: Credentials = await readCredentials(on, access);
  const client = await openClient(on, accessTo(access, member), credentials);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** The access to another member, by the first URL that it advertises. @throws RangeError when it advertises none */
export function accessTo(access: EtcdAccess, member: Member): EtcdAccess {
  const [url] = member.clientUrls;
  if (url === undefined) throw new RangeError('it advertises no address for clients');
  const { tls, via } = access;
  return { endpoint: endpointOfUrl(url), tls, ...(via === undefined ? {} : { via }) };
}

async function lookAtAll(client: EtcdClient, clientFor: (member: Member) => Promise<EtcdClient>): Promise<Health> {
  const { stamp, members } = await client.members();
  const healthOf = async (member: Member): Promise<MemberHealth> => {
    try {
      const asked = member.id === stamp.memberId ? client : await clientFor(member);
      // A learner refuses reads in 3.4; its status is all it says.
      if (!member.isLearner) await asked.read();
      return { ...member, answered: true, status: await asked.status() };
    } catch (error) {
      return { ...member, answered: false, problem: messageOf(error) };
    }
  };
  // Not before the members' read was answered: alarms are asked of the leader, and what is sent to one that hangs is lost, also when another leads a second later.
  const [alarms, healths] = await Promise.all([client.alarms(), Promise.all(members.map(healthOf))]);
  return { clusterId: stamp.clusterId, revision: stamp.revision, members: healths, alarms };
}

/** Who is about to leave or is dead does not count for what must be stable. */
function without(health: Health, { removing, dead = [] }: Expectation): Health {
  return { ...health, members: health.members.filter(member => member.id !== removing && !dead.includes(member.id)) };
}
