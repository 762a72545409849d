/**
 * A session: a POSIX shell on the host, leader of its own process group, with the fixed environment, that waits for its script.
 *
 * The command line that starts it is the same for all uses and holds nothing of the script, so nothing of it shows in `ps` or in sudo's log, no
 * limit on arguments applies, and it is one line without quotes or a bare `!` inside quotes, which csh and fish read as sh does. Only the fixed script of the
 * guard travels in it, where no sudo stands between: that saves a round trip.
 */
import { randomBytes } from 'node:crypto';
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import type { Become } from './become';
import { answerSudo, explainSudo, sudoLine } from './become';
import type { Channel, Exit, Wire } from './wire';

/** The PATH of every command: a non-root login has no sbin in its own. */
export const REMOTE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A shell that waits for its script. */
export interface Session {
  readonly channel: Channel;
  /** Process group and session id of everything that it starts. */
  readonly pgid: number;
  /** Gives it the script, unless it came with one; bytes written to the channel afterwards are the script's standard input. */
  start(script: string): void;
}

/** Where and as whom a session is to start. */
export interface SessionPlan {
  readonly host: Host;
  readonly wire: Wire;
  /** The command that starts a POSIX shell, `sh`. */
  readonly sh: string;
  readonly become?: Become;
  /** How long the shell may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Its script, one of ours without secrets, on one line and without what a login shell reads in single quotes: it starts at once. Without one the session waits for `start`. */
  readonly script?: string;
}

/** Starts a session. @throws ConnectionError with what to do when no shell, or no sudo, answers. */
export async function openSession(plan: SessionPlan): Promise<Session> {
  const mark = `runsheet-${randomBytes(12).toString('hex')}`;
  // What stays with the session until it ends is to be small: a thousand hosts have two each.
  const { script, ...rest } = plan;
  const { sh, become } = rest;
  const line = become === undefined ? bootLine(sh, mark, script) : sudoLine(become, mark, bootLine(sh, mark));
  const channel = await rest.wire.exec(`exec ${line}`);
  try {
    const { pgid, early } = await hello(channel, mark, rest);
    const start = (text: string): void => void channel.input.write(`${scriptLine(text)}\n`);
    if (script !== undefined && become !== undefined) start(script);
    return { channel: heardFromTheBeginning(channel, early), pgid, start };
  } catch (error) {
    channel.destroy();
    throw error;
  }
}

/** What a script printed before anybody listened to it. */
type Early = { readonly from: 'stdout' | 'stderr'; readonly bytes: Buffer }[];

/** The channel, whose first listener gets that as well. */
function heardFromTheBeginning(channel: Channel, early: Early): Channel {
  return {
    ...channel,
    listen: sink => {
      channel.listen(sink);
      for (const { from, bytes } of early.splice(0)) sink[from](bytes);
    },
  };
}

/** The one-line command that starts a session's shell; it prints `MARK PGID` and reads one line, its script, unless it brings one. */
function bootLine(sh: string, mark: string, script?: string): string {
  const boot = [
    'read -r a b c d g e </proc/$$/stat || exit 1',
    // Not the leader of its group (behind sudo): a session of its own, once. setsid does not fork for who is no leader.
    `[ "$g" = "$$" ] || [ "$2" ] || exec setsid ${sh} -c "$1" runsheet "$1" again`,
    `export LC_ALL=C PATH=${REMOTE_PATH}; umask 022; echo ${mark} $$`,
    script === undefined ? 'IFS= read -r l && eval "$l"' : `set --; ${script}`,
  ].join('; ');
  return `${sh} -c 'eval "$1"' runsheet '${boot}'`;
}

/** A script as one line, of any quotes: its line breaks come back from IFS, whose last character is one wherever a shell starts. No process is started for it. */
function scriptLine(script: string): string {
  return `set --; unset a b c d e g l; n=\${IFS#??}; eval 'unset n; '${quoted(script).replaceAll('\n', String.raw`'"$n"'`)}`;
}

/** Quoted even where it need not be: a line break may stand in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function hello(channel: Channel, mark: string, plan: Omit<SessionPlan, 'script'>): Promise<{ readonly pgid: number; readonly early: Early }> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    let isOver = false;
    const early: Early = [];
    const seconds = Math.round(plan.timeoutMs / 1000);
    const silent = (): void => {
      reject(new ConnectionError(plan.host.name, `no shell answered within ${seconds} s${saying(stdout + stderr)}`, 'Does the login run commands without asking?'));
    };
    let timer = setTimeout(silent, plan.timeoutMs);
    const sudo = answerSudo(plan.host, plan.become, mark, {
      write: text => void channel.input.write(text),
      // People take their time to type a password.
      hold: () => clearTimeout(timer),
      go: () => { timer = setTimeout(silent, plan.timeoutMs); },
      refuse: error => { clearTimeout(timer); reject(error); },
    });
    channel.listen({
      stdout: chunk => {
        if (isOver) {
          early.push({ from: 'stdout', bytes: chunk });
          return;
        }
        stdout += chunk.toString('latin1');
        const match = new RegExp(`${mark} (\\d+)\n`).exec(stdout);
        if (match === null) return;
        isOver = true;
        clearTimeout(timer);
        end.tell = undefined;
        early.push({ from: 'stdout', bytes: Buffer.from(stdout.slice(match.index + match[0].length), 'latin1') });
        resolve({ pgid: Number(match[1]), early });
      },
      stderr: chunk => {
        if (isOver) early.push({ from: 'stderr', bytes: chunk });
        stderr += chunk.toString();
        sudo.onStderr(stderr);
      },
    });
    const end: End = {
      tell: exit => {
        clearTimeout(timer);
        reject(plan.wire.failure ?? explain(plan, exit, stdout + stderr));
      },
    };
    void tellEnd(channel, end);
  });
}

/** Who is told how a session ended. */
interface End { tell: ((exit: Exit) => void) | undefined }

/** Apart from what it tells: that waits as long as the session lives, and would keep all that was needed for its beginning. */
async function tellEnd(channel: Channel, end: End): Promise<void> {
  const [exit] = await Promise.all([channel.exit, channel.closed]);
  end.tell?.(exit);
}

function explain(plan: Omit<SessionPlan, 'script'>, exit: Exit, output: string): ConnectionError {
  if (/setsid.*not found|not found.*setsid/.test(output)) {
    return new ConnectionError(plan.host.name, 'the host has no setsid, which keeps commands apart', 'Install util-linux (or busybox with setsid).');
  }
  if (/\/proc\/\d+\/stat/.test(output)) return new ConnectionError(plan.host.name, 'the host has no /proc, which tells process groups', 'Mount /proc there.');
  if (plan.become !== undefined) return explainSudo(plan.host, plan.become, plan.wire.user, { exit, output });
  const code = exit.code === undefined ? '' : ` (exit code ${exit.code})`;
  return new ConnectionError(
    plan.host.name,
    `the login of ${plan.wire.user} runs no shell${code}${saying(output)}`,
    'The account needs a login shell that runs commands: no nologin, no forced command.',
  );
}

function saying(output: string): string {
  const last = output.trim().split('\n').slice(-2).join(' ').trim();
  return last === '' ? '' : `: ${last}`;
}
