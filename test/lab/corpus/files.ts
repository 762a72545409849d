/** Every module of `file`, each on what an earlier task plans. */
import { join } from 'node:path';
import { handler, play, playbook, task } from '../../../core';
import * as command from '../../../modules/command';
import * as file from '../../../modules/file';

const at = '/srv/corpus';
const note = handler('Take a note', command.run({ command: command.cmd`date >${`${at}/noted`}`, creates: `${at}/noted` }));
const old = task('Ask for the old file', file.stat({ path: '/etc/corpus.old' }));
const kept = task('See what is there', file.existing({ paths: ['/etc/corpus.conf', '/etc/corpus.old', `${at}/app`] }));

const tasks = [
  task('Make a directory', file.directory({ path: `${at}/app/releases`, mode: 0o750, owner: 'daemon' })),
  task('Write into it', file.template({ path: `${at}/app/releases/unit`, template: join(__dirname, '../../../lab/everyday/templates/pulse.service.hbs'), values: { program: '/opt/x' } }), { notify: note }),
  task('Give it to somebody', file.copy({ path: `${at}/app/releases/unit`, content: 'shorter\n', owner: 'daemon', group: 'daemon', mode: 0o640 })),
  task('Add a line', file.line({ path: `${at}/app/releases/unit`, line: 'longer', backup: true })),
  task('Only the mode', file.present({ path: `${at}/app/releases/unit`, mode: 0o600, owner: 'daemon' })),
  task('Again', file.directory({ path: `${at}/app/releases`, mode: 0o750, owner: 'daemon' })),
  task('Link to it', file.link({ path: `${at}/app/current`, to: 'releases' })),
  task('Write through the link', file.line({ path: `${at}/app/current/unit`, line: 'longest', after: /^longer$/ })),
  task('Bring it here', ({ host }) => file.fetch({ path: `${at}/app/releases/unit`, to: `fetched/${host.name}` })),
  task('Edit what was there', file.line({ path: '/etc/corpus.conf', line: 'colour = red', match: /^colour/ })),
  task('Edit it again', file.line({ path: '/etc/corpus.conf', line: 'size = 1', backup: true })),
  task('Close it', file.present({ path: '/etc/corpus.conf', mode: 0o600 })),
  task('Bring a tree', file.tree({ path: `${at}/tree`, from: join(__dirname, '../../../lab/everyday'), owner: 'daemon', mode: 0o640 })),
  task('Write into the tree', file.copy({ path: `${at}/tree/templates/more`, content: 'more\n', owner: 'daemon' })),
  task('Bring the tree again, and nothing else', file.tree({ path: `${at}/tree`, from: join(__dirname, '../../../lab/everyday'), directoryMode: 0o750, prune: true })),
  task('Bring a tree through a link', file.tree({ path: `${at}/app/current`, from: join(__dirname, '../../../lab/everyday') })),
  task('Remove the old file', file.absent({ path: '/etc/corpus.old' })), old,
  task('Tell of it', ({ old: { exists } }) => file.copy({ path: `${at}/told`, content: `exists: ${exists}\n` }), { uses: { old } }),
  kept,
  task('Tell of all', ({ kept: paths }) => file.copy({ path: `${at}/all`, content: paths.join('\n') }), { uses: { kept } }),
  task('Remove a tree', file.absent({ path: '/etc/corpus.d', recursive: true })),
  task('What was in it is gone', file.absent({ path: '/etc/corpus.d/a' })),
];

export default playbook({ name: 'Files', plays: [play({ name: 'files', hosts: 'all', become: true, tasks })] });
