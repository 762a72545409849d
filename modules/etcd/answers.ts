/** What etcd answers, in words of our own: ids in hex as etcdctl prints them, numbers as numbers. */
import type { IMember, IResponseHeader, IStatusResponse } from 'etcd3';

/** A member of the cluster as the list has it. Ids are hex, as etcdctl prints them. */
export interface Member {
  readonly id: string;
  /** Empty for a member that was added and never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Who answered, and how far it was. */
export interface Stamp {
  readonly memberId: string;
  readonly clusterId: string;
  readonly revision: number;
  readonly term: number;
}

/** What a member says of itself. */
export interface MemberStatus extends Stamp {
  readonly version: string;
  /** Id of the leader it knows; `0` for none. */
  readonly leader: string;
  readonly isLearner: boolean;
  readonly raftIndex: number;
  readonly appliedIndex: number;
  /** Size of the database file and what of it is in use, bytes. */
  readonly dbSize: number;
  readonly dbSizeInUse: number;
}

export interface Alarm {
  readonly memberId: string;
  readonly type: 'NOSPACE' | 'CORRUPT';
}

export function stampOf(header: IResponseHeader): Stamp {
  return { memberId: hex(header.member_id), clusterId: hex(header.cluster_id), revision: Number(header.revision), term: Number(header.raft_term) };
}

export function memberOf({ ID, name, peerURLs, clientURLs, isLearner }: IMember): Member {
  return { id: hex(ID), name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner };
}

export function statusOf(status: IStatusResponse): MemberStatus {
  return {
    ...stampOf(status.header),
    version: status.version, leader: hex(status.leader), isLearner: status.isLearner,
    raftIndex: Number(status.raftIndex), appliedIndex: Number(status.raftAppliedIndex), term: Number(status.raftTerm),
    dbSize: Number(status.dbSize), dbSizeInUse: Number(status.dbSizeInUse),
  };
}

export function alarmOf({ memberID, alarm }: { readonly memberID: string; readonly alarm: string }): Alarm[] {
  if (alarm === 'None') return [];
  return [{ memberId: hex(memberID), type: alarm === 'Nospace' ? 'NOSPACE' : 'CORRUPT' }];
}

/** A 64-bit id, which etcd3 gives as decimal text. */
export function hex(decimalId: string): string {
  return BigInt(decimalId).toString(16);
}

/** The id as etcd3 takes it. */
export function decimal(hexId: string): string {
  return BigInt(`0x${hexId}`).toString();
}
