/** What a running nginx says against a new configuration: only its error log tells, `-t` and the reload both end with 0. */
import { posix } from 'node:path';
import { cmd } from '../../core/transport/command';
import type { Connection } from '../../core/transport/connection';
import type { Instance } from './instance';
import { topLevel } from './processes';
import type { ConfTree } from './tree';

/** A place in a log file. */
export interface LogMark {
  readonly path: string;
  readonly inode: string;
  readonly size: number;
}

/** Where the logs end now; none for logs that are no files (stderr, syslog). */
export async function markLogs(on: Pick<Connection, 'run'>, instance: Instance, tree: ConfTree): Promise<readonly LogMark[]> {
  const named = topLevel(tree, 'error_log');
  const paths = (named.length === 0 ? [instance.errorLog] : named).filter(path => !/^(?:stderr$|syslog:|memory:)/.test(path))
    .map(path => posix.resolve(instance.prefix, path));
  const marks: LogMark[] = [];
  for (const path of new Set(paths)) {
    const { stdout } = await on.run(cmd`if [ -f ${path} ]; then stat -L -c '%i %s' -- ${path}; fi`);
    const [inode = '', size = '0'] = stdout.trim().split(' ');
    marks.push({ path, inode, size: Number(size) });
  }
  return marks;
}

/** What the master has logged since as emergency or alert, `PATH: LINE`. Of a log that was rotated all is new. */
export async function alarmsSince(on: Pick<Connection, 'run'>, marks: readonly LogMark[], master: number): Promise<readonly string[]> {
  const alarms: string[] = [];
  for (const { path, inode, size } of marks) {
    const { stdout } = await on.run(cmd`[ -f ${path} ] || exit 0; from=1
if [ "$(stat -L -c %i -- ${path})" = ${inode} ]; then from=${size + 1}; fi
tail -c "+$from" -- ${path}`);
    const ofMaster = new RegExp(`\\[(?:emerg|alert)\\] ${master}#`);
    alarms.push(...stdout.split('\n').filter(line => ofMaster.test(line)).map(line => `${path}: ${line}`));
  }
  return alarms;
}
