/** What OpenSSH alone does: the floor, and the same work as a shell loop. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../lab/command';
import { lastWords, sshCommand, timed } from '../command';
import type { Peer } from '../types';

const SCRIPTS = join(__dirname, '../everyday');
const FILES = join(__dirname, '../../lab/everyday');

export const ssh: Peer = {
  name: 'ssh',
  title: '`ssh HOST true`, side by side',
  ready: openSsh,
  run: job => timed(job, ['sh', join(SCRIPTS, 'floor.sh'), job.place.list, String(job.place.targets.length)],
    result => ({ changed: 0, problems: result.code === 0 ? [] : [`exit code ${result.code}: ${lastWords(result)}`] }), { env: { SSH: sshCommand(job.place) } }),
};

export const shell: Peer = {
  name: 'shell',
  title: 'Shell loop over ssh, ControlMaster',
  ready: openSsh,
  run: async job => {
    const sockets = join(job.folder, 's');
    await mkdir(sockets);
    return timed(job, ['sh', join(SCRIPTS, 'everyday.sh'), job.version, job.place.list, FILES, sockets], result => {
      const hosts = [...result.stdout.matchAll(/^(\S+) changed=(\d+) failed=(\d+)$/gm)];
      const failed = hosts.filter(([, , , count]) => count !== '0').map(([line]) => line);
      const missing = job.place.targets.length - hosts.length;
      return {
        changed: hosts.reduce((sum, [, , count]) => sum + Number(count), 0),
        problems: [...failed, ...(missing > 0 ? [`${missing} hosts said nothing`] : []), ...(failed.length + missing > 0 ? [lastWords(result)] : [])],
      };
    }, { env: { SSH: sshCommand(job.place) } });
  },
};

async function openSsh(): Promise<string> {
  const { stderr } = await run(['ssh', '-V']);
  return stderr.trim().split(/[ ,]/)[0] ?? '';
}
