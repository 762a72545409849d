/**
 * Twelve tasks as they stand in everyday playbooks: a small service with its directories, files, unit and odds and ends.
 * What the proof `everyday` times when there is nothing left to change, and the benchmark next to its peers: there also with another version, which is ten changes.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { handler, play, playbook, runIfMain, task, type Play } from '../../core';
import { CONTROLLER_ADDRESS } from '../plan';
import * as command from '../../modules/command';
import * as file from '../../modules/file';
import * as systemd from '../../modules/systemd';

const schema = z.strictObject({ version: z.enum(['v1', 'v2']).default('v1').describe('which version of the service the hosts have') });

const unit = 'pulse';
const config = '/etc/pulse.conf';
const template = (name: string): string => join(__dirname, 'templates', name);
const folderOf = (version: string): string => `/opt/pulse-${version}`;

export default playbook({
  name: 'Everyday',
  description: 'A small service on every host: twelve everyday tasks.',
  vars: schema,
  plays: ({ vars }) => [service(vars)],
});

function service({ version }: z.output<typeof schema>): Play {
  const program = `${folderOf(version)}/pulse.sh`;
  const state = `/var/lib/pulse-${version}`;
  // Where the service was started from these very files a moment ago there is nothing to do.
  const restart = handler('Restart the service', systemd.current({ unit, files: [config, program] }));
  const tasks = [
    task('Make the directory of the program', file.directory({ path: folderOf(version), mode: 0o755 })),
    task('Make the directory of its state', file.directory({ path: state, mode: 0o750, owner: 'root' })),
    task('Write the configuration', ({ host }) => file.template({ path: config, template: template('pulse.conf.hbs'), values: { host: host.name, seconds: 60, state }, mode: 0o640 }), { notify: restart }),
    task('Copy the program', file.copy({ path: program, from: join(__dirname, 'files/pulse.sh'), mode: 0o755 }), { notify: restart }),
    task('Write the unit', systemd.file({ unit, template: template('pulse.service.hbs'), values: { program } })),
    task('Let systemd read its units', systemd.daemonReload({ unit })),
    task('Make an identity', command.run({ command: command.cmd`openssl rand -hex 16 >${`${state}/id`}`, creates: `${state}/id` })),
    task('Run the service, also after a boot', systemd.service({ unit, state: 'started', boot: 'enabled' })),
    task('Name the registry', file.line({ path: '/etc/hosts', line: `${CONTROLLER_ADDRESS} registry-${version}`, match: /\sregistry-v\d$/ })),
    task('Link the program into the path', file.link({ path: '/usr/local/bin/pulse', to: program })),
    task('Look at the identity', file.stat({ path: `${state}/id` })),
    task('Remove what the other version left', file.absent({ path: `${folderOf(version === 'v1' ? 'v2' : 'v1')}/pulse.sh` })),
  ];
  return play({ name: 'A small service', hosts: 'all', become: true, tasks });
}

runIfMain(module);
