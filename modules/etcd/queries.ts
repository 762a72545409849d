/** Looking at a cluster. All of it changes nothing. */
import { milliseconds, type Duration } from '../../core/duration';
import { isRunnerError } from '../../core/errors';
import { check, live, query, type Finding } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { accessProblems, endpointText, type EtcdAccess } from './access';
import type { Alarm, Member, MemberStatus } from './answers';
import { withClient } from './client';
import type { Expectation, Health } from './judge';
import { provenHealth, readHealth, SETTLE_MS, withSurvey } from './survey';

const subject = ({ endpoint }: EtcdAccess): string => endpointText(endpoint);

/**
 * The members of the cluster as the quorum knows them: a linearizable read goes before the list, on the same member.
 * @see https://etcd.io/docs/v3.4/op-guide/runtime-configuration/
 */
export const members = query<EtcdAccess, readonly Member[]>({
  name: 'etcd.members',
  subject,
  validate: accessProblems,
  inspect: access => live(on => withClient(on, access, async client => (await client.members()).members)),
});

/** What one member says of itself; its revision is one of a linearizable read, at least that of every write acknowledged before. */
export const status = query<EtcdAccess, MemberStatus>({
  name: 'etcd.status',
  subject,
  validate: accessProblems,
  inspect: access => live(on => withClient(on, access, async client => {
    const { revision } = await client.read();
    const said = await client.status();
    return { ...said, revision: Math.max(revision, said.revision) };
  })),
});

/**
 * Every member asked for a linearizable read and its status, through the addresses that they advertise; and the alarms. Judge it with `judge`.
 * A member that does not answer stands with the reason.
 */
export const health = query<EtcdAccess, Health>({
  name: 'etcd.health',
  subject,
  validate: accessProblems,
  inspect: access => live(on => readHealth(on, access)),
});

/** Alarms that are raised; none in a healthy cluster. */
export const alarms = query<EtcdAccess, readonly Alarm[]>({
  name: 'etcd.alarms',
  subject,
  validate: accessProblems,
  inspect: access => live(on => withClient(on, access, client => client.alarms())),
});

export interface GateParams extends EtcdAccess {
  readonly expected: Expectation;
  /** How long leader and term must stay as they are. Default: 6s. */
  readonly stable?: Duration;
  /** How long it may take until that holds. Default: 60s. */
  readonly timeout?: Duration;
}

/**
 * Waits until the cluster is healthy for what comes next: the expected voters, each that stays answers a linearizable read, no alarm, no learner,
 * no member without a name, applied indexes close together, enough voters for a quorum after the next step, leader and term unchanged for 6 s.
 */
export const gate = check<GateParams, Health>({
  name: 'etcd.gate',
  subject,
  validate: accessProblems,
  inspect: params => live(on => prove(on, params)),
  patience: ({ timeout = '60s' }) => ({ timeoutMs: milliseconds(timeout), everyMs: 1000 }),
});

async function prove(on: Target, { expected, stable, ...access }: GateParams): Promise<Finding<Health>> {
  try {
    return await withSurvey(on, access, survey => provenHealth(on, survey, expected, stable === undefined ? SETTLE_MS : milliseconds(stable)));
  } catch (error) {
    // No answer now is a reason to ask again.
    if (isRunnerError(error) && error.kind === 'check') return { ok: false, reason: error.message };
    throw error;
  }
}
