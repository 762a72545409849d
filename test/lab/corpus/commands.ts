/** Every module of `command`, `wait` and `assert`, after planned changes as well, and those that only look at a host, ask or tell. */
import { play, playbook, task } from '../../../core';
import * as assert from '../../../modules/assert';
import * as command from '../../../modules/command';
import * as confirm from '../../../modules/confirm';
import * as file from '../../../modules/file';
import * as host from '../../../modules/host';
import * as net from '../../../modules/net';
import * as os from '../../../modules/os';
import * as report from '../../../modules/report';
import * as value from '../../../modules/value';
import * as wait from '../../../modules/wait';

const { cmd } = command;
const before = task('Read', command.read({ command: cmd`cat /etc/hostname` }));
const after = task('Read what changes', command.read({ command: cmd`cat /etc/commands.conf` }));
const seen = {
  release: task('Which system', os.release()),
  hardware: task('Which hardware', os.hardware()),
  addresses: task('Which addresses', net.addresses()),
  facts: task('Which name', host.facts({})),
  peers: task('Who is connected', host.peers({ ports: [22] })),
  files: task('Which files name it', host.filesNaming({ texts: ['localhost'], within: ['/etc/hosts'] })),
  sum: task('Work it out', value.computed('one and one', () => 1 + 1)),
};

const tasks = [
  task('Go on?', confirm.ask({ text: 'The corpus changes this host.' })),
  ...Object.values(seen),
  task('Tell what was seen', ({ release, hardware, addresses, facts, peers, files, sum }) => file.copy({
    path: '/etc/seen', content: JSON.stringify([release, hardware.processors, addresses.length, facts.hostname, peers.length, files, sum]),
  }), { uses: seen }),
  task('Say it', report.print({ text: 'Seen.' })),
  before,
  task('It has a name', ({ before: { stdout } }) => assert.that({ that: stdout.trim() !== '', message: 'no name' }), { uses: { before } }),
  task('No problems', assert.none({ problems: [], message: 'problems' })),
  task('sshd listens', wait.port({ port: 22 })),
  task('The system is up', wait.command({ command: cmd`test -d /run/systemd/system` })),
  task('Write', file.copy({ path: '/etc/commands.conf', content: 'a\n' })),
  task('Not needed', command.run({ command: cmd`touch /etc/commands.conf`, creates: '/etc/commands.conf' })),
  task('Make', command.run({ command: cmd`mkdir /srv/made`, creates: '/srv/made' })),
  task('Not twice', command.run({ command: cmd`mkdir /srv/made`, creates: '/srv/made' })),
  task('Remove', command.run({ command: cmd`rm -r /srv/made`, removes: '/srv/made' })),
  task('Not removed twice', command.run({ command: cmd`rm -r /srv/made`, removes: '/srv/made' })),
  task('Every time', command.run({ command: cmd`true` })),
  task('A long one', command.job({ name: 'corpus', command: cmd`echo done`, every: '100ms' })),
  after,
  task('Use it', ({ after: { stdout } }) => file.copy({ path: '/etc/commands.copy', content: stdout }), { uses: { after } }),
  task('Wait for what was written', wait.command({ command: cmd`grep -q a /etc/commands.conf` })),
  task('nginx answers', wait.http({ url: 'http://127.0.0.1:9095/' })),
];

export default playbook({ name: 'Commands', plays: [play({ name: 'commands', hosts: 'all', become: true, tasks })] });
