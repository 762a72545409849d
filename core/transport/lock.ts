/** A host's lock: one run at a time. The holder is the guard; it lets go when the controller falls silent, so that neither a killed nor a frozen one holds it for ever. */
import { ConnectionError, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import type { HostLock, LockClaim } from './connection';
import type { Guard } from './guard';
import { plainJson } from './guard-script';
import { settled, type Limits } from './limits';
import type { Wire } from './wire';

/** Whose lock to take, for whom, and who will hold it. */
export interface LockOptions {
  readonly host: Host;
  readonly wire: Wire;
  readonly limits: Limits;
  readonly claim: LockClaim;
  readonly guard: Guard;
}

/** Who holds a lock, as they wrote it. */
interface Holder {
  readonly run: string;
  readonly holder: string;
  readonly since: string;
}

/** Takes the host's lock, waiting for another run as long as the claim says. @throws RefusedError naming holder, run and since when. */
export async function takeLock(options: LockOptions): Promise<HostLock> {
  const { claim, host, limits, guard } = options;
  const deadline = performance.now() + claim.waitMs;
  let said = false;
  for (;;) {
    const answer = await guard.ask(request(claim));
    if (answer === 'held') return heldLock(options);
    if (answer?.startsWith('busy') !== true) throw options.wire.failure ?? notTaken(options, answer);
    const other = describe(parseHolder(answer.slice(4)));
    const left = deadline - performance.now();
    if (left <= 0) throw new RefusedError(`${host.name}: another run holds the lock: ${other}`, 'Wait for it to end, or wait longer with --lock-wait SECONDS.');
    if (!said) claim.say(`waiting up to ${Math.ceil(left / 1000)} s for the lock held by ${other}`);
    said = true;
    await new Promise(resolve => setTimeout(resolve, Math.min(limits.lockRetryMs, left)));
  }
}

function heldLock({ host, wire, limits, guard }: LockOptions): HostLock {
  guard.onLoss = () => {
    // When the link dropped, that is the reason: it is told in this same turn of the event loop.
    setImmediate(() => wire.fail(new ConnectionError(host.name, 'the host\'s lock was lost: another run may be at work', 'Run again; what is done is inspected, not done twice.')));
  };
  return {
    release: async () => {
      guard.onLoss = () => undefined;
      if (wire.failure === undefined) await settled(guard.ask('unlock'), limits.closeMs);
    },
  };
}

/**
 * What asks for it, with what whoever is refused is told. The time is the controller's: to ask the host's own clock would start a process. The end of the JSON, with the
 * time in it, is the guard's.
 */
function request({ run, playbook, holder }: LockClaim): string {
  return `lock ${new Date().toISOString().slice(0, 19)}Z ${plainJson({ run, playbook, holder }).slice(0, -1)}`;
}

function notTaken({ host, guard }: LockOptions, answer: string | undefined): ConnectionError {
  const why = (answer ?? guard.complaint).replace(/^no /, '');
  return new ConnectionError(host.name, `the host's lock cannot be taken${why === '' ? '' : `: ${why}`}`, 'Locking needs a writable /run/lock or /var/lock: become root (-b).');
}

function parseHolder(text: string): Holder | undefined {
  try {
    const data = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>;
    return { run: String(data.run), holder: String(data.holder), since: String(data.since) };
  } catch {
    return undefined;
  }
}

/** Anybody may have written the file: what would move the cursor is not shown. */
function describe(holder: Holder | undefined): string {
  if (holder === undefined) return 'a run that left no name';
  return `${holder.holder}, run ${holder.run}, since ${holder.since}`.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
