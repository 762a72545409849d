/** Changing the list of members: one call, repeated only where etcd said that it did nothing, and its outcome read from the list. */
import { setTimeout as pause } from 'node:timers/promises';
import { CheckError, messageOf } from '../../core/errors';
import type { Target } from '../../core/transport/connection';
import type { EtcdClient, MemberList } from './client';
import { EtcdFailure, outcomeOf, type MembershipCall } from './failure';

export interface Attempt {
  readonly call: MembershipCall;
  /** In words, `remove m3 (4785dde924d48108)`. */
  readonly does: string;
  readonly send: () => Promise<unknown>;
  /** Asked before each repetition: throws when it must not be repeated. */
  readonly guard?: () => Promise<void>;
  /** How often it is repeated, a second apart. */
  readonly retries: number;
}

const RETRY_MS = 1000;
/** How long the list is asked for after an answer that tells nothing, milliseconds. */
const LIST_MS = 20_000;

/**
 * Sends it. @returns `done`, or `unknown` when only the list of members can tell
 * @throws EtcdFailure when etcd still refuses it after all repetitions (it did nothing then)
 */
export async function attempt(on: Target, { call, does, send, guard, retries }: Attempt): Promise<'done' | 'unknown'> {
  for (let tries = 0; ; tries += 1) {
    try {
      await send();
      return 'done';
    } catch (error) {
      if (!(error instanceof EtcdFailure)) throw error;
      const outcome = outcomeOf(call, error.detail);
      on.say(`${does}: ${error.detail}`);
      if (outcome !== 'retry') return outcome;
      if (tries >= retries) throw error;
      await pause(RETRY_MS, undefined, { signal: on.signal });
      await guard?.();
    }
  }
}

/**
 * The members, read linearizably, asked again while there is no answer.
 * @throws CheckError that says what must not be done now, when nobody answers: there may be no quorum, and what was sent may still happen
 */
export async function listAfter(on: Target, client: EtcdClient, does: string): Promise<MemberList> {
  const until = performance.now() + LIST_MS;
  for (;;) {
    try {
      return await client.members();
    } catch (error) {
      if (performance.now() >= until) {
        throw new CheckError(
          `${on.host.name}: whether etcd did "${does}" is unknown, and its list of members cannot be read: ${messageOf(error)}`,
          'It may still be carried out later. Start or stop no member and go back on nothing; see that a quorum of the members answers, then run this again: it decides from the list.',
        );
      }
      await pause(RETRY_MS, undefined, { signal: on.signal });
    }
  }
}
