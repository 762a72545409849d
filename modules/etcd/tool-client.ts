/** A client that lets the host's own etcdctl ask: where sshd forwards no connection. */
import { z } from 'zod';
import { CheckError } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { endpointText, type EtcdAccess } from './access';
import { alarmOf, hex, memberOf, stampOf, statusOf, type Stamp } from './answers';
import type { EtcdClient } from './client';
import { CALL_MS } from './dial';
import { EtcdFailure, readThrough } from './failure';

/** etcdctl leaves out what is zero, false or empty. 64-bit numbers were made texts before. */
const id = z.union([z.string(), z.number()]).default(0).transform(String);
const number = id;
const header = z.object({ cluster_id: id, member_id: id, revision: number, raft_term: number });
const member = z.object({ ID: id, name: z.string().default(''), peerURLs: z.array(z.string()).default([]), clientURLs: z.array(z.string()).default([]), isLearner: z.boolean().default(false) });
const read = z.object({ header });
const list = z.object({ header, members: z.array(member) });
const added = z.object({ member });
const statuses = z.tuple([z.object({
  Status: z.object({
    header, version: z.string(), leader: id, dbSize: number, dbSizeInUse: number, raftIndex: number, raftTerm: number, raftAppliedIndex: number, isLearner: z.boolean().default(false),
  }),
})]);
const alarmTypes = ['None', 'Nospace', 'Corrupt'] as const;
const alarmList = z.object({ alarms: z.array(z.object({ memberID: id, alarm: z.number().default(0) })).default([]) });

/** @see etcdctl(1), https://github.com/etcd-io/etcd/blob/v3.4.23/etcdctl/README.md */
export function toolClient(on: Target, access: EtcdAccess): EtcdClient {
  const where = `${on.host.name} (etcdctl) -> ${endpointText(access.endpoint)}`;
  const ask = (args: readonly string[], timeoutMs = CALL_MS) => runTool(on, access, { where, args, timeoutMs });
  const told = async <T>(schema: z.core.$ZodType<T>, ...args: string[]): Promise<T> => parse(schema, await ask([...args, '--write-out=json']), where);
  const done = async (...args: string[]): Promise<void> => { await ask(args); };
  // Linearizable is etcdctl's default; the key need not be there.
  const stamp = (): Promise<Stamp> => readThrough(async () => stampOf((await told(read, 'get', 'runsheet', '--limit=1', '--keys-only')).header));
  return {
    read: stamp,
    members: async () => {
      const before = await stamp();
      const { members } = await told(list, 'member', 'list');
      return { stamp: before, members: members.map(memberOf) };
    },
    status: async () => {
      const [{ Status: { ...said } }] = await told(statuses, 'endpoint', 'status');
      return statusOf({ ...said, errors: [] });
    },
    alarms: async () => (await told(alarmList, 'alarm', 'list')).alarms.flatMap(({ memberID, alarm }) => alarmOf({ memberID, alarm: alarmTypes[alarm] ?? 'None' })),
    disarm: () => Promise.reject(new CheckError(`${where}: etcdctl can only disarm all alarms of all members at once`, 'Reach etcd through SSH (AllowTcpForwarding) or from the controller.')),
    removeMember: memberId => done('member', 'remove', memberId),
    // The name is not kept: a member brings its own when it starts.
    addLearner: async peerUrls => hex((await told(added, 'member', 'add', 'learner', `--peer-urls=${peerUrls.join(',')}`, '--learner')).member.ID),
    promote: memberId => done('member', 'promote', memberId),
    moveLeader: memberId => done('move-leader', memberId),
    defragment: async timeoutMs => { await ask(['defrag'], timeoutMs); },
    snapshot: () => { throw new CheckError(`${where}: a snapshot is saved by etcdctl itself, not streamed`); },
    close: () => Promise.resolve(),
  };
}

interface Call {
  readonly where: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
}

async function runTool(on: Target, { endpoint, tls }: EtcdAccess, { where, args, timeoutMs }: Call): Promise<string> {
  const flags = [
    `--endpoints=https://${endpointText(endpoint)}`, `--cacert=${tls.ca}`, `--cert=${tls.cert}`, `--key=${tls.key}`,
    `--dial-timeout=${CALL_MS}ms`, `--command-timeout=${timeoutMs}ms`,
  ];
  const result = await on.run(cmd`etcdctl ${[...flags, ...args]}`, { env: { ETCDCTL_API: '3' }, expect: 'any', timeoutMs: timeoutMs + CALL_MS, channel: 'own' });
  if (result.code === 0) return result.stdout;
  if (result.code === 127) throw new CheckError(`${on.host.name}: the host has no etcdctl`, 'Install etcd-client there, or allow AllowTcpForwarding in its sshd.');
  const last = /^Error: (.*)$/m.exec(result.stderr)?.[1] ?? result.stderr.trim().split('\n').at(-1) ?? '';
  throw new EtcdFailure(where, args[0] === 'get' ? 'read' : args.filter(arg => !arg.startsWith('-')).slice(0, 2).join(' '), last === 'context deadline exceeded' || last === '' ? 'no answer in time' : last);
}

function parse<T>(schema: z.core.$ZodType<T>, text: string, where: string): T {
  // Ids have 64 bits, of which JSON.parse would keep 53.
  const exact = text.replaceAll(/([:[,])(\d{16,})(?=[,}\]])/g, '$1"$2"');
  const parsed = z.safeParse(schema, JSON.parse(exact));
  if (!parsed.success) throw new CheckError(`${where}: what etcdctl prints is not understood: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
