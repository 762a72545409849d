/** etcd's errors, and what each means for the one who asked. Pure. */
import { RunnerError } from '../../core/errors';

/** A call to etcd failed; `detail` is etcd's own text, or that of the connection. */
export class EtcdFailure extends RunnerError {
  constructor(where: string, readonly call: string, readonly detail: string, options?: ErrorOptions) {
    super('check', `${where}: etcd ${call}: ${detail}`, undefined, options);
  }
}

/** How often a read is asked again that was under way while the leader changed. */
const READS_AGAIN = 3;

/**
 * A read, asked again where the leader changed while it was under way: it changes nothing, and by then the next leader is known. Nothing else is ever repeated.
 * @see etcd server/etcdserver/v3_server.go, linearizableReadLoop
 */
export async function readThrough<T>(read: () => Promise<T>): Promise<T> {
  for (let left = READS_AGAIN; ; left--) {
    try {
      return await read();
    } catch (error) {
      if (left === 0 || !(error instanceof EtcdFailure) || withoutCode(error.detail) !== 'etcdserver: leader changed') throw error;
    }
  }
}

/** What changes the list of members. */
export type MembershipCall = 'remove' | 'add' | 'promote';

/**
 * `done`: the wanted state is there already. `retry`: etcd refused it for now and did nothing. `unknown`: it may have happened, or may still
 * happen later (a removal that timed out was seen to be carried out minutes afterwards), so only the list of members can tell.
 */
export type Outcome = 'done' | 'retry' | 'unknown';

const OUTCOMES: readonly { readonly calls: readonly MembershipCall[]; readonly text: string; readonly outcome: Outcome }[] = [
  { calls: ['remove'], text: 'etcdserver: member not found', outcome: 'done' },
  // For about 5 s after any member connected again: etcd wants to see all peers up for its HealthInterval.
  { calls: ['remove', 'add', 'promote'], text: 'etcdserver: unhealthy cluster', outcome: 'retry' },
  { calls: ['remove', 'add', 'promote'], text: 'etcdserver: re-configuration failed due to not enough started members', outcome: 'retry' },
  // A new id is made of the URLs and the second; it was given to a member that has been removed in this same second.
  { calls: ['add'], text: 'etcdserver: member not found', outcome: 'retry' },
  { calls: ['promote'], text: 'etcdserver: can only promote a learner member which is in sync with leader', outcome: 'retry' },
];

/**
 * What a failed call to change the members means.
 * @param detail etcd's text, with or without gRPC's code before it
 * @see etcd api/v3rpc/rpctypes/error.go
 */
export function outcomeOf(call: MembershipCall, detail: string): Outcome {
  const text = withoutCode(detail);
  return OUTCOMES.find(known => known.calls.includes(call) && known.text === text)?.outcome ?? 'unknown';
}

/** `5 NOT_FOUND: etcdserver: member not found` without gRPC's code. */
export function withoutCode(message: string): string {
  return message.replace(/^\d+ [A-Z_]+: /, '').replace(/^[A-Za-z]+Error: /, '').replace(/^\d+ [A-Z_]+: /, '').trim();
}
