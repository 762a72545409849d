/** The lab's hosts between two runs: what they have is taken away or put there, and what a run left is read, past every peer. */
import { runOnHost, type Lab } from '../lab/lab';
import { shell } from './peers/ssh';
import type { Job, Version } from './types';

const RESET = `
systemctl disable --now --quiet pulse 2>/dev/null
rm -rf /opt/pulse-* /var/lib/pulse-* /etc/pulse.conf /etc/systemd/system/pulse.service /usr/local/bin/pulse
grep -q ' registry-' /etc/hosts && sed -i '/ registry-/d' /etc/hosts
systemctl daemon-reload; systemctl reset-failed; :`;

// Not the identity itself, which is random, and not what the service writes as it runs.
const LOOK = `
stat -c '%n %F %a %U:%G' /opt/pulse-* /opt/pulse-*/* /var/lib/pulse-* /var/lib/pulse-*/id /etc/pulse.conf /etc/systemd/system/pulse.service 2>&1
sha256sum /opt/pulse-*/* /etc/pulse.conf /etc/systemd/system/pulse.service 2>&1
grep registry /etc/hosts; readlink /usr/local/bin/pulse
systemctl show -p ActiveState -p UnitFileState -p NeedDaemonReload pulse
tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value pulse)/cmdline`;

const LIMIT_MS = 60_000;

/** Takes the service away from these hosts; nothing of it stays. */
export async function reset(lab: Lab, names: readonly string[]): Promise<void> {
  await Promise.all(names.map(name => runOnHost(lab, name, RESET, { timeoutMs: LIMIT_MS })));
}

/** Takes it away and puts the version there, by the shell loop: whichever peer comes next finds the same hosts. @throws Error when it cannot */
export async function install(lab: Lab, job: Job): Promise<void> {
  await reset(lab, job.place.targets.map(({ name }) => name));
  const { problems } = await shell.run(job);
  if (problems.length > 0) throw new Error(`The hosts cannot be made ready for a run: ${problems.join('; ')}`);
}

/** What the hosts have of the service, a text for each: two peers that did the same leave the same. */
export async function look(lab: Lab, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(names.map(async name => [name, (await runOnHost(lab, name, LOOK, { expect: 'any', timeoutMs: LIMIT_MS })).stdout] as const)));
}

/** In which the hosts differ from what was expected, one line each, at most three. @param expected by host and version; filled with what is seen first */
export function differences(seen: ReadonlyMap<string, string>, version: Version, expected: Map<string, string>): readonly string[] {
  const found = [...seen].flatMap(([name, text]) => {
    const wanted = expected.get(`${name} ${version}`);
    if (wanted === undefined) expected.set(`${name} ${version}`, text);
    return wanted === undefined || wanted === text ? [] : [`${name} has ${firstDifference(wanted, text)}`];
  });
  return found.slice(0, 3);
}

function firstDifference(wanted: string, text: string): string {
  const [expected, seen] = [wanted.split('\n'), text.split('\n')];
  const at = seen.findIndex((line, index) => line !== expected[index]);
  return at < 0 ? `no "${expected[seen.length] ?? ''}"` : `"${seen[at] ?? ''}", not "${expected[at] ?? ''}"`;
}
