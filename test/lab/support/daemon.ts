/** A daemon under systemd for the lab tests of the systemd module. */
import { cmd } from '../../../core/transport/command';
import type { Target } from '../../../core/transport/connection';
import { planHosts, type ExtraFile, type LabOptions } from '../../../lab/lab';
import { readUnit } from '../../../modules/systemd/unit';

const SHOW_ARGS = '#!/bin/sh\nfor arg; do printf \'%s\\0\' "$arg"; done > /run/args\n';
const DAEMON = '#!/bin/sh\n[ "$1" = --broken ] && exit 7\ntrap "exit 0" TERM\nwhile :; do sleep 1000 & wait $!; done\n';

/** `/opt/daemon`, which takes any flags and runs; with `--broken` it fails. */
export const daemonProgram: ExtraFile = { path: '/opt/daemon', content: DAEMON, mode: 0o755 };

/** One host with `/opt/show-args`, which writes its arguments to /run/args, and `/opt/daemon`, which takes any flags and runs. */
export function daemonHost(): Pick<LabOptions, 'hosts'> {
  const extraFiles = [
    { path: '/opt/show-args', content: SHOW_ARGS, mode: 0o755 },
    daemonProgram,
  ];
  return { hosts: planHosts({ plain: 1 }).map(host => ({ ...host, extraFiles })) };
}

/** A unit for the daemon. @param more lines of [Service] before its ExecStart */
export const daemonUnit = (more = ''): string => `# kept as it is
[Unit]
Description=a daemon

[Service]
${more}ExecStart=/opt/daemon \\
  --name=one \\
# the peers
  --peers=a,b,c \\
  --verbose
ExecReload=/bin/kill -0 $MAINPID
Restart=on-failure
RestartSec=100ms

[Install]
WantedBy=multi-user.target
`;

/** Puts a unit (and other files) on the host as somebody else would, and starts it if it is a daemon. */
export async function given(on: Target, unit: string, text: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const [path, content] of Object.entries({ [`/etc/systemd/system/${unit}.service`]: text, ...more })) {
    await on.run(cmd`mkdir -p -- "$(dirname ${path})"`);
    await on.write(path, content);
  }
  await on.run(cmd`systemctl daemon-reload; systemctl reset-failed; ! grep -q daemon /etc/systemd/system/${unit}.service || systemctl start ${unit}`);
}

/** The arguments of a unit's running process. */
export async function running(on: Target, unit: string): Promise<readonly string[]> {
  const { mainPid } = await readUnit(on, unit);
  return (await on.run(cmd`tr '\0' ' ' < /proc/${mainPid}/cmdline`)).stdout.trim().split(' ');
}
