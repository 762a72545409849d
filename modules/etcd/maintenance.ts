/** Defragmentation and alarms. */
import { milliseconds, type Duration } from '../../core/duration';
import { CheckError, RefusedError } from '../../core/errors';
import { command, live, resource } from '../../core/module';
import { accessProblems, endpointText, type EtcdAccess } from './access';
import type { Alarm, MemberStatus } from './answers';
import { withClient, type MemberList } from './client';

export interface DefragmentedParams extends EtcdAccess {
  /** Only when at least so many bytes can be given back. Default: 16 MiB. */
  readonly whenReclaimable?: number;
  /** Do it on the leader too, which stops the cluster's writes meanwhile. Default: false; a member that is alone is its own leader and is fine. */
  readonly leaderToo?: boolean;
  /** How long it may take. Default: 5m. */
  readonly timeout?: Duration;
}

interface Sizes { readonly status: MemberStatus; readonly list: MemberList }

const RECLAIMABLE = 16 * 1024 * 1024;

/**
 * The member's database gives back the space it does not use. The member answers nothing meanwhile, so one at a time, followers first.
 * The value is its status afterwards. Refused on the leader of several, and while a learner is there.
 * @see https://etcd.io/docs/v3.4/op-guide/maintenance/#defragmentation
 */
export const defragmented = command<DefragmentedParams, Sizes, MemberStatus>({
  name: 'etcd.defragmented',
  reach: 'cluster',
  subject: ({ endpoint }) => endpointText(endpoint),
  validate: accessProblems,
  before: access => live(on => withClient(on, access, async client => ({ list: await client.members(), status: await client.status() }))),
  describe: ({ status }, { endpoint, whenReclaimable = RECLAIMABLE }) => {
    const free = status.dbSize - status.dbSizeInUse;
    return free < whenReclaimable ? undefined : `defragment ${endpointText(endpoint)}: ${free} of ${status.dbSize} bytes can be given back`;
  },
  run: async (on, { params, before: { status, list } }) => {
    const reasons = [
      ...(status.leader === status.memberId && list.members.length > 1 && params.leaderToo !== true ? ['it is the leader; move the leader away first'] : []),
      ...(list.members.some(member => member.isLearner) ? ['a learner is joining'] : []),
    ];
    if (reasons.length > 0) throw new RefusedError(`${on.host.name}: ${endpointText(params.endpoint)} is not defragmented: ${reasons.join('; ')}`);
    return await withClient(on, params, async client => {
      await client.defragment(milliseconds(params.timeout ?? '5m'));
      return await client.status();
    });
  },
  verify: (on, { params, before, value }) => withClient(on, params, async client => {
    await client.read();
    return value.dbSize < before.status.dbSize ? true : `the database has ${value.dbSize} bytes, it had ${before.status.dbSize}`;
  }),
  undo: () => [],
  idle: ({ status }) => status,
});

export interface AlarmDisarmedParams extends EtcdAccess {
  /** CORRUPT is refused: a member with corrupt data must leave and join anew. */
  readonly type: Alarm['type'];
  /** Hex id of the one member whose alarm it is. Default: all members. */
  readonly memberId?: string;
}

/** No such alarm is raised. Find and remove its cause first (compact, defragment): it comes back otherwise. */
export const alarmDisarmed = resource<AlarmDisarmedParams, readonly Alarm[]>({
  name: 'etcd.alarmDisarmed',
  reach: 'cluster',
  subject: ({ type, memberId }) => (memberId === undefined ? type : `${type} of ${memberId}`),
  validate: params => [...accessProblems(params), ...(params.type === 'CORRUPT' ? ['CORRUPT is never disarmed: take that member out and let it join anew'] : [])],
  inspect: params => live(on => withClient(on, params, client => client.alarms())),
  diff: (alarms, params) => raised(alarms, params).map(alarm => ({ resource: `etcd member ${alarm.memberId}`, property: 'alarm', from: alarm.type, to: null })),
  apply: (on, { params, state }) => withClient(on, params, async client => {
    const corrupt = state.filter(alarm => alarm.type === 'CORRUPT');
    if (corrupt.length > 0) throw new CheckError(`${on.host.name}: the data of ${corrupt.map(alarm => alarm.memberId).join(', ')} is corrupt; nothing is disarmed before that member was taken out`);
    for (const alarm of raised(state, params)) await client.disarm(alarm);
  }),
  // An alarm whose cause is still there comes back by itself.
  undo: () => [],
});

function raised(alarms: readonly Alarm[], { type, memberId }: AlarmDisarmedParams): Alarm[] {
  return alarms.filter(alarm => alarm.type === type && (memberId === undefined || alarm.memberId === memberId));
}
