/** A client over gRPC. etcd3 is loaded when the first one is opened. */
import type { Etcd3 } from 'etcd3';
import { messageOf } from '../../core/errors';
import type { Target } from '../../core/transport/connection';
import { endpointText, type Credentials, type EtcdAccess } from './access';
import { alarmOf, decimal, hex, memberOf, stampOf, statusOf, type Stamp } from './answers';
import { openBridge, type Bridge } from './bridge';
import type { EtcdClient } from './client';
import { CALL_MS, dial } from './dial';
import { EtcdFailure, readThrough, withoutCode } from './failure';

/** Opens a client; the caller closes it. @throws CheckError when the member cannot be reached or trusted */
export async function openGrpcClient(on: Target, access: EtcdAccess, credentials: Credentials): Promise<EtcdClient> {
  const bridge = await openBridge(() => dial(on, access, credentials));
  try {
    const [{ Etcd3 }, { noop }] = await Promise.all([import('etcd3'), import('cockatiel')]);
    const etcd = new Etcd3({
      hosts: `unix:${bridge.path}`,
      // etcd3 would repeat calls, and stop all of them for 5 s after three failures; who asks must know what happened to each.
      faultHandling: { host: () => noop, global: noop },
      defaultCallOptions: call => (call.isStream ? {} : { deadline: Date.now() + CALL_MS }),
      // A connection that has gone silent is given up and made anew; etcd closes those that ask more often than every 5 s.
      grpcOptions: { 'grpc.max_receive_message_length': -1, 'grpc.enable_http_proxy': 0, 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 3000 },
    });
    return clientOf(etcd, bridge, `${on.host.name} -> ${endpointText(access.endpoint)}`);
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

function clientOf(etcd: Etcd3, bridge: Bridge, where: string): EtcdClient {
  const call = async <T>(name: string, answer: () => Promise<T>): Promise<T> => {
    try {
      return await answer();
    } catch (error) {
      throw error instanceof EtcdFailure ? error : failureOf(where, name, error, bridge);
    }
  };
  const done = (name: string, answer: () => Promise<unknown>): Promise<void> => call(name, answer).then(() => undefined);
  const { cluster, kv, maintenance } = etcd;
  const read = (): Promise<Stamp> => readThrough(() => call('read', async () => stampOf((await kv.range({ key: Buffer.from('\0'), limit: 1, keys_only: true, serializable: false })).header)));
  return {
    read,
    members: () => call('member list', async () => {
      // The read's stamp is returned: the list's own header has no revision in 3.4.
      const stamp = await read();
      const { header, members } = await cluster.memberList({});
      const { memberId } = stampOf(header);
      if (stamp.memberId !== memberId) throw new Error(`the member ${stamp.memberId} was read, and ${memberId} answered: a proxy stands before them`);
      return { stamp, members: members.map(memberOf) };
    }),
    status: () => call('status', async () => statusOf(await maintenance.status())),
    alarms: () => call('alarm list', async () => (await maintenance.alarm({ action: 'Get' })).alarms.flatMap(alarmOf)),
    disarm: alarm => call('alarm disarm', async () => {
      const type = alarm.type === 'NOSPACE' ? 'Nospace' : 'Corrupt';
      const { alarms } = await maintenance.alarm({ action: 'Deactivate', memberID: decimal(alarm.memberId), alarm: type });
      if (!alarms.flatMap(alarmOf).some(one => one.memberId === alarm.memberId && one.type === alarm.type)) throw new Error(`${alarm.type} of ${alarm.memberId} was not disarmed`);
    }),
    removeMember: id => done('member remove', () => cluster.memberRemove({ ID: decimal(id) })),
    addLearner: peerUrls => call('member add', async () => hex((await cluster.memberAdd({ peerURLs: [...peerUrls], isLearner: true })).member.ID)),
    promote: id => done('member promote', () => cluster.memberPromote({ ID: decimal(id) })),
    moveLeader: id => done('move-leader', () => maintenance.moveLeader({ targetID: decimal(id) })),
    defragment: timeoutMs => done('defrag', () => maintenance.defragment({ deadline: Date.now() + timeoutMs })),
    snapshot: () => snapshotOf(etcd, error => failureOf(where, 'snapshot', error, bridge)),
    close: async () => {
      etcd.close();
      await bridge.close();
    },
  };
}

async function* snapshotOf(etcd: Etcd3, failure: (error: unknown) => Error): AsyncIterable<Buffer> {
  try {
    for await (const { blob } of parseSnapshot(await etcd.maintenance.snapshot())) yield blob;
  } catch (error) {
    throw failure(error);
  }
}

/** etcd3 types the stream without its iterator; it is a readable stream of gRPC. */
function parseSnapshot(stream: unknown): AsyncIterable<{ readonly blob: Buffer }> {
  return stream as AsyncIterable<{ readonly blob: Buffer }>;
}

function failureOf(where: string, call: string, error: unknown, bridge: Bridge): Error {
  const reason = bridge.failure();
  const said = withoutCode(messageOf(error));
  // gRPC's own words name our socket and not the cause.
  const ours = said.startsWith('Deadline exceeded') ? 'no answer in time' : said;
  const detail = reason === undefined || said.startsWith('etcdserver:') ? ours : `${ours === said ? 'the connection broke' : ours}: ${messageOf(reason)}`;
  return new EtcdFailure(where, call, detail, { cause: error });
}

