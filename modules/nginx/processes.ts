/** The processes of a running nginx: one master, its workers. @see https://nginx.org/en/docs/control.html */
import { posix } from 'node:path';
import { cmd, raw } from '../../core/transport/command';
import type { Connection } from '../../core/transport/connection';
import { startOf } from '../systemd/process';
import type { Instance } from './instance';
import { walk, type ConfTree } from './tree';

export interface Worker {
  readonly pid: number;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** It only finishes the connections it has: after a reload, with the old configuration. */
  readonly isQuitting: boolean;
}

export interface NginxProcesses {
  readonly master: number;
  readonly workers: readonly Worker[];
}

/** The processes of an instance, `undefined` where it does not run. Found by the unit's main process or the pid file. */
export async function readProcesses(on: Pick<Connection, 'run'>, instance: Instance, tree: ConfTree): Promise<NginxProcesses | undefined> {
  const pidFile = posix.resolve(instance.prefix, topLevel(tree, 'pid')[0] ?? instance.pidFile);
  const script = cmd`for p in ${instance.mainPid} $(cat -- ${pidFile} 2>/dev/null); do
${raw(String.raw`  case $p in *[!0-9]*|0) continue;; esac
  case $(tr '\0' ' ' < /proc/$p/cmdline 2>/dev/null) in 'nginx: master process'*) master=$p; break;; esac
done
[ -n "$master" ] || exit 3
date +%s.%N; cat /proc/uptime; echo "$master"
for f in /proc/[0-9]*/stat; do
  { read -r s < "$f"; } 2>/dev/null || continue
  case $s in *') '?" $master "*) printf '%s\n%s\n' "$s" "$(tr '\0' ' ' < "${'${f%/stat}'}/cmdline" 2>/dev/null)";; esac
done
exit 0`)}`;
  const { code, stdout } = await on.run(cmd`master=; ${script}`, { expect: [0, 3] });
  return code === 3 ? undefined : parseProcesses(stdout);
}

/** The first words of a directive that stands outside all blocks, in order. */
export function topLevel(tree: ConfTree, name: string): readonly string[] {
  return walk(tree).filter(({ directive, inside }) => directive.name === name && inside.length === 0).flatMap(({ directive }) => directive.args[0]?.value ?? []);
}

function parseProcesses(stdout: string): NginxProcesses {
  const [now = '', uptime = '', master = '', ...rest] = stdout.split('\n');
  const workers: Worker[] = [];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const [stat = '', title = ''] = [rest[at], rest[at + 1]];
    if (!title.startsWith('nginx: worker process')) continue;
    workers.push({ pid: Number(stat.split(' ')[0]), startedAt: startOf(now, uptime, stat), isQuitting: title.includes('shutting down') });
  }
  return { master: Number(master), workers };
}
