/** Every module of `systemd`: units that are there, and one that is only planned. */
import { handler, play, playbook, task } from '../../../core';
import * as command from '../../../modules/command';
import * as file from '../../../modules/file';
import * as systemd from '../../../modules/systemd';

const FRESH = '[Unit]\nDescription=fresh\n[Service]\nEnvironmentFile=/etc/fresh.env\nExecStart=/opt/daemon $FLAGS\nExecReload=/bin/kill -0 $MAINPID\n[Install]\nWantedBy=multi-user.target\n';
const unit = 'fresh';
const restart = handler('Restart it', systemd.restart({ unit }));
const state = task('Read the old one', systemd.unit({ unit: 'svc' }));

const fresh = [
  task('Its variables', file.copy({ path: '/etc/fresh.env', content: 'FLAGS=--one=1\n' }), { notify: restart }),
  task('Its file', file.copy({ path: '/etc/systemd/system/fresh.service', content: FRESH }), { notify: restart }),
  task('Let systemd read it', systemd.daemonReload({ unit })),
  task('Start it', systemd.service({ unit, state: 'started', boot: 'enabled' })),
  task('It is started', systemd.service({ unit, state: 'started', boot: 'enabled' })),
  task('It is current', systemd.current({ unit, files: ['/etc/fresh.env'] })),
  task('A flag', systemd.flag({ unit, flag: '--one', value: 2 })),
  task('A drop-in', systemd.file({ unit, dropIn: 'nice', content: '[Service]\nNice=1\n' })),
  task('The same drop-in', systemd.file({ unit, dropIn: 'nice', content: '[Service]\nNice=1\n' })),
  task('Reload it', systemd.reload({ unit })),
];

const known = [
  state,
  task('One flag', systemd.flag({ unit: 'svc', flag: '--name', value: 'two', backup: true })),
  task('Another flag', systemd.flag({ unit: 'svc', flag: '--peers', value: 'a,b', backup: true })),
  task('The first again', systemd.flag({ unit: 'svc', flag: '--name', value: 'two' })),
  task('A flag less', systemd.flag({ unit: 'svc', flag: '--verbose', absent: true })),
  task('Nothing to read', systemd.daemonReload({ unit: 'svc' })),
  task('Restart what is stale', systemd.current({ unit: 'svc' })),
  task('It is current now', systemd.current({ unit: 'svc', pending: true })),
  task('Why it is stale', systemd.stale({ unit: 'svc' })),
  task('By hand', file.line({ path: '/etc/systemd/system/svc.service', line: 'RestartSec=1', match: /^RestartSec=/ })),
  task('Read all', systemd.daemonReload({})),
  task('Nothing left to read', systemd.daemonReload({})),
  task('Stop it', systemd.service({ unit: 'svc', state: 'stopped', boot: 'disabled' })),
  task('It is stopped', systemd.service({ unit: 'svc', state: 'stopped', boot: 'disabled' })),
  task('Start it by its name', systemd.service({ unit: 'svc.service', state: 'started' })),
  task('Have it stand still', systemd.freeze({ unit: 'svc', thawAfter: '5s' })),
  task('Let it go on', systemd.thaw({ unit: 'svc' })),
  task('A variable', systemd.variable({ unit: 'var', variable: 'MODE', value: 'b' })),
  task('The variable again', systemd.variable({ unit: 'var', variable: 'MODE', value: 'c' })),
  task('It runs with another one', systemd.current({ unit: 'var' })),
  task('Quiet', systemd.quiet({ unit: 'svc', texts: ['xyzzy'] })),
  task('Is it active', command.read({ command: command.cmd`systemctl is-active svc`, expect: 'any' })),
];

export default playbook({ name: 'Units', plays: [play({ name: 'fresh', hosts: 'all', become: true, tasks: fresh }), play({ name: 'known', hosts: 'all', become: true, tasks: known })] });
