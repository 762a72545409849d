/**
 * A host's lock: one run at a time. The holder is a shell on a channel of its own, so that the work's children never see the descriptor; it hears
 * from the controller every 10 s and lets go after 45 s of silence, so that neither a killed nor a frozen controller holds it for ever.
 * @see flock(1)
 */
import { ConnectionError, RefusedError } from '../errors';
import type { Host } from '../inventory/host';
import { cmd, raw, type Command } from './command';
import type { HostLock, LockClaim } from './connection';
import type { Session } from './session';
import { settled, type Limits } from './limits';
import type { Wire } from './wire';

/** Whose lock to take, for whom, and how to get a session for it. */
export interface LockOptions {
  readonly host: Host;
  readonly wire: Wire;
  readonly sh: string;
  readonly limits: Limits;
  readonly claim: LockClaim;
  readonly open: (script: string) => Promise<Session>;
  /** Where the lock file stands; default /run/lock, else /var/lock. */
  readonly directory?: string;
}

/** Who holds a lock, as they wrote it. */
interface Holder {
  readonly run: string;
  readonly holder: string;
  readonly since: string;
}

/** Takes the host's lock, waiting for another run as long as the claim says. @throws RefusedError naming holder, run and since when. */
export async function takeLock(options: LockOptions): Promise<HostLock> {
  const { claim, host, limits } = options;
  const deadline = performance.now() + claim.waitMs;
  const session = await options.open(lockCommand(options).text);
  const answers = new Answers(session);
  let said = false;
  for (;;) {
    const answer = await answers.next();
    if (answer === 'held') return heldLock(options, session);
    if (answer === undefined || !answer.startsWith('busy')) {
      session.channel.destroy();
      throw options.wire.failure ?? new ConnectionError(
        host.name, `the host's lock cannot be taken${answer === undefined ? '' : `: ${answer}`}${answers.complaint()}`, 'Locking needs a writable /run/lock or /var/lock: become root (-b).',
      );
    }
    const other = describe(parseHolder(answer.slice(4)));
    const left = deadline - performance.now();
    if (left <= 0) {
      session.channel.destroy();
      throw new RefusedError(`${host.name}: another run holds the lock: ${other}`, 'Wait for it to end, or wait longer with --lock-wait SECONDS.');
    }
    if (!said) claim.say(`waiting up to ${Math.ceil(left / 1000)} s for the lock held by ${other}`);
    said = true;
    await new Promise(resolve => setTimeout(resolve, Math.min(limits.lockRetryMs, left)));
    session.channel.input.write(`${now()}\n`);
  }
}

function heldLock({ host, wire, limits }: LockOptions, session: Session): HostLock {
  const beat = setInterval(() => session.channel.input.write('.\n'), limits.beatMs);
  beat.unref();
  let released = false;
  const lost = (): void => {
    if (!released) wire.fail(new ConnectionError(host.name, 'the host\'s lock was lost: another run may be at work', 'Run again; what is done is inspected, not done twice.'));
  };
  void session.channel.closed.then(() => {
    clearInterval(beat);
    // When the link dropped, that is the reason: it is told in this same turn of the event loop.
    setImmediate(lost);
  });
  return {
    release: async () => {
      released = true;
      clearInterval(beat);
      session.channel.input.end();
      await settled(session.channel.closed, limits.closeMs);
      session.channel.destroy();
    },
  };
}

/** The lines that the holder's shell prints. */
class Answers {
  #stdout = '';
  #stderr = '';
  #wake: () => void = () => undefined;

  constructor(private readonly session: Session) {
    session.channel.listen({
      stdout: chunk => { this.#stdout += chunk.toString(); this.#wake(); },
      stderr: chunk => { this.#stderr += chunk.toString(); },
    });
  }

  /** The next line; `undefined` when there will be none. */
  async next(): Promise<string | undefined> {
    const line = new Promise<void>(resolve => { this.#wake = () => { if (this.#stdout.includes('\n')) resolve(); }; });
    this.#wake();
    await Promise.race([line, this.session.channel.closed]);
    const end = this.#stdout.indexOf('\n');
    if (end < 0) return undefined;
    const answer = this.#stdout.slice(0, end);
    this.#stdout = this.#stdout.slice(end + 1);
    return answer;
  }

  complaint(): string {
    const text = this.#stderr.trim();
    return text === '' ? '' : `: ${text.split('\n').slice(-2).join(' ')}`;
  }
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

/** The time as it is written into a lock: UTC, to the second. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

/**
 * The holder's script: it prints `held`, or `busy` and what the holder wrote, and then waits for a line to try again: the time by the controller's clock,
 * since asking the host's own would start a process.
 * Without flock a directory is the lock, and the age of its `beat` file tells whether the holder lives.
 */
function lockCommand({ claim, sh, limits, directory }: LockOptions): Command {
  const { run, playbook, holder } = claim;
  return cmd`claim=${JSON.stringify({ run, playbook, holder }).slice(0, -1)}; since=${now()}; silence=${Math.ceil(limits.silenceMs / 1000)}; dirs=${directory ?? ''}
${raw(`hear() { exec 9>&-; exec timeout "$silence" ${sh} -c 'IFS= read -r l && echo "$l"'; }`)}
${raw(LOCK)}`;
}

/** `:` is a special built-in: a redirection of it that fails ends the shell, which is right only where nothing follows. */
const LOCK = `
for d in \${dirs:-/run/lock /var/lock}; do [ -d "$d" ] && [ -w "$d" ] && break; done
f=$d/runsheet.lock
info() { printf '%s,"since":"%s"}\\n' "$claim" "$since"; }
busy() { printf 'busy%s\\n' "$(head -c 2000 "$1" 2>/dev/null | head -n 1)"; IFS= read -r since; }
if command -v flock >/dev/null; then
  [ -e "$f" ] || : >>"$f"
  exec 9<"$f"
  until flock -n 9; do busy "$f" || exit 0; done
  { info >"$f"; } 2>/dev/null || info | dd of="$f" conv=nocreat 2>/dev/null
  echo held
  while beat=$(hear); do :; done
  : 2>/dev/null >"$f"
  exit 0
fi
old() { b=$(stat -c %Y "$1" 2>/dev/null) && [ $(($(date +%s) - b)) -gt "$silence" ]; }
stale() { if [ -e "$lock/beat" ]; then old "$lock/beat"; else old "$lock"; fi; }
take() {
  mkdir "$lock" 2>/dev/null && return 0
  stale || return 1
  mkdir "$lock.takeover" 2>/dev/null || { old "$lock.takeover" && rmdir "$lock.takeover"; return 1; }
  stale && rm -rf -- "$lock"
  mkdir "$lock" 2>/dev/null; x=$?
  rmdir "$lock.takeover"
  return $x
}
lock=$f.d
until take; do busy "$lock/info" || exit 0; done
info >"$lock/info"; mine=$(cat "$lock/info"); : >"$lock/beat"
echo held
while beat=$(hear) && [ "$(cat "$lock/info" 2>/dev/null)" = "$mine" ]; do touch "$lock/beat"; done
[ "$(cat "$lock/info" 2>/dev/null)" = "$mine" ] && rm -rf -- "$lock"
`;
