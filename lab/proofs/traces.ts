/** What a run may leave on hosts and must not: temporary files, a held lock, commands, sessions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isOn, runOnHost, type Lab } from '../lab';

const PAUSE_MS = 500;

/**
 * What runs left on the hosts that are on, one line for each; empty when nothing is left.
 * @param patienceMs how long it may take until nothing is; a host notices some seconds late that a controller was killed
 */
export async function tracesOf(lab: Lab, patienceMs = 10_000): Promise<readonly string[]> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const traces = (await Promise.all(lab.hosts.map(host => tracesOn(lab, host.name)))).flat();
    if (traces.length === 0 || Date.now() > until) return traces;
    await sleep(PAUSE_MS);
  }
}

async function tracesOn(lab: Lab, host: string): Promise<readonly string[]> {
  if (!await isOn(lab, host)) return [];
  const { stdout } = await runOnHost(lab, host, SCRIPT);
  return stdout.split('\n').filter(line => line !== '').map(line => `${host}: ${line}`);
}

/** Sessions of sshd are scopes of logind: what still runs in one is a command or a shell of a run. */
const SCRIPT = `
find / /run /tmp /dev/shm -xdev -name '*.runsheet-*' -not -path '/proc/*' -printf 'temporary file %p\\n' 2>/dev/null
[ ! -e /run/lock/runsheet.lock ] || flock -n /run/lock/runsheet.lock true || echo 'the lock is held'
ps -eo pid=,cgroup=,args= | sed -n 's/^ *\\([0-9]*\\) [^ ]*::\\/user\\.slice\\/[^ ]*session-[^ ]*\\.scope */process \\1 /p'
true`;
