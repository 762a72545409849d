/**
 * Twelve everyday tasks for many addresses of one host: what each address has lies in a directory of its own, so that they do not meet. No unit among them:
 * the host has one systemd for all.
 */
import { join } from 'node:path';
import { play, playbook, runIfMain, task } from '../../core';
import * as command from '../../modules/command';
import * as file from '../../modules/file';

const template = join(__dirname, 'templates/site.conf.hbs');
const program = join(__dirname, '../../lab/everyday/files/pulse.sh');
const at = (host: { readonly name: string }, path = ''): string => `/srv/crowd/${host.name}${path}`;

const tasks = [
  task('Make the directory', ({ host }) => file.directory({ path: at(host), mode: 0o755 })),
  task('Make the directory of its state', ({ host }) => file.directory({ path: at(host, '/state'), mode: 0o750, owner: 'root' })),
  task('Make the directory of its programs', ({ host }) => file.directory({ path: at(host, '/bin'), mode: 0o755 })),
  task('Write the configuration', ({ host }) => file.template({ path: at(host, '/site.conf'), template, values: { host: host.name, port: 8080 }, mode: 0o640 })),
  task('Write the defaults', ({ host }) => file.copy({ path: at(host, '/defaults'), content: 'LEVEL=info\nWORKERS=4\n', mode: 0o644 })),
  task('Copy the program', ({ host }) => file.copy({ path: at(host, '/bin/pulse'), from: program, mode: 0o755 })),
  task('Make an identity', ({ host }) => command.run({ command: command.cmd`openssl rand -hex 16 >${at(host, '/state/id')}`, creates: at(host, '/state/id') })),
  task('Name the region', ({ host }) => file.line({ path: at(host, '/defaults.local'), line: 'REGION=north', match: /^REGION=/, create: true })),
  task('Name the registry', ({ host }) => file.line({ path: at(host, '/defaults.local'), line: 'REGISTRY=registry-v1', match: /^REGISTRY=/, create: true })),
  task('Link the program', ({ host }) => file.link({ path: at(host, '/pulse'), to: 'bin/pulse' })),
  task('Look at the identity', ({ host }) => file.stat({ path: at(host, '/state/id') })),
  task('Remove what old versions left', ({ host }) => file.absent({ path: at(host, '/site.conf.old') })),
];

export default playbook({
  name: 'Crowd',
  description: 'Twelve everyday tasks on each of many addresses.',
  plays: [play({ name: 'A folder each', hosts: 'all', become: true, strategy: 'free', tasks })],
});
runIfMain(module);
