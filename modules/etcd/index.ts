/** etcd: looking at a cluster, saving its data, changing who is in it. Asked with etcd3 over mutual TLS, through a host's SSH connection or directly. */
export type { Endpoint, EtcdAccess } from './access';
export type { Alarm, Member, MemberStatus, Stamp } from './answers';
export type { MemberList } from './client';
export { alarms, gate, health, members, status, type GateParams } from './queries';
export { judge, judgeStability, leaderOf, nameOf, quorumOf, type Expectation, type Health, type MemberHealth } from './judge';
export { leaderIn, type Leadership, type LeaderInParams } from './leader-in';
export { memberAbsent, type MemberAbsentParams } from './member-absent';
export { learnerAbsent, memberAdded, promoted, type AddedMember, type MemberAddedParams, type PromotedParams } from './member-added';
export { alarmDisarmed, defragmented, type AlarmDisarmedParams, type DefragmentedParams } from './maintenance';
export { snapshotSaved, type SnapshotSavedParams } from './snapshot-saved';
export { snapshotVerified, type SnapshotFile, type SnapshotVerifiedParams, type VerifiedSnapshot } from './snapshot-file';
export { snapshotKept, type KeptSnapshot, type SnapshotKeptParams } from './snapshot-kept';
