/** A client of one member, whatever way it is asked. */
import { isRunnerError } from '../../core/errors';
import type { Target } from '../../core/transport/connection';
import { endpointText, readCredentials, type Credentials, type EtcdAccess } from './access';
import type { Alarm, Member, MemberStatus, Stamp } from './answers';
import { openGrpcClient } from './grpc-client';
import { toolClient } from './tool-client';

/** The members, and who listed them. */
export interface MemberList {
  readonly stamp: Stamp;
  readonly members: readonly Member[];
}

/** Calls to one member. Each has a time limit of 5 s unless said, is never repeated (but a read while the leader changes), and throws EtcdFailure. */
export interface EtcdClient {
  /** A linearizable read: it is answered by a member that reaches a quorum, after it has applied all that was decided before. */
  read(): Promise<Stamp>;
  /** The members, right after a read on the same member: 3.4 answers from its own copy, which may be old (etcd#18929). */
  members(): Promise<MemberList>;
  status(): Promise<MemberStatus>;
  alarms(): Promise<readonly Alarm[]>;
  disarm(alarm: Alarm): Promise<void>;
  removeMember(id: string): Promise<void>;
  /** @returns the new member's id */
  addLearner(peerUrls: readonly string[]): Promise<string>;
  promote(id: string): Promise<void>;
  /** To be asked of the leader. */
  moveLeader(id: string): Promise<void>;
  defragment(timeoutMs: number): Promise<void>;
  /** The database, byte by byte. */
  snapshot(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Opens a client of the access's member, uses it and closes it. @throws CheckError when it cannot be reached or trusted */
export async function withClient<T>(on: Target, access: EtcdAccess, use: (client: EtcdClient) => Promise<T>): Promise<T> {
  const client = await openClient(on, access, await readCredentials(on, access));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Opens a client; the caller closes it. */
export async function openClient(on: Target, access: EtcdAccess, credentials: Credentials): Promise<EtcdClient> {
  if (access.via === 'etcdctl') return toolClient(on, access);
  try {
    return await openGrpcClient(on, access, credentials);
  } catch (error) {
    // The transport says by its hint that sshd forwards nothing; anything else is no reason to ask in another way.
    if (!isRunnerError(error) || error.hint?.startsWith('AllowTcpForwarding') !== true) throw error;
    on.say(`${error.message}; asking ${endpointText(access.endpoint)} by the host's own etcdctl`);
    return toolClient(on, access);
  }
}
