/** What goes wrong on hosts, one task a tag: the playbook of transport-faults.test.ts. */
import { play, playbook, task } from '../../../core';
import * as command from '../../../modules/command';
import * as file from '../../../modules/file';

const { cmd } = command;

export default playbook({
  name: 'Faults',
  plays: [play({
    name: 'Faults', hosts: 'all', become: true, tasks: [
      task('Leave a child behind', command.run({ command: cmd`sh -c 'sleep 4714 & (sleep 1; echo late $((1 + 1))) & echo early'` }), { tags: ['background'] }),
      task('Write a file after it', file.copy({ path: '/root/after', content: 'after\n' }), { tags: ['background'] }),
      task('Hang', command.run({ command: cmd`sh -c 'trap "" TERM HUP; sleep 4713 & sleep 4713'` }), { tags: ['hang'], timeout: '3s' }),
      task('Fill the disk', file.copy({ path: '/mnt/full/file', content: 'x'.repeat(200_000) }), { tags: ['full'] }),
      task('Fill the disk with little', file.copy({ path: '/mnt/full/file', content: 'x'.repeat(60_000) }), { tags: ['full-of-little'] }),
      task('Write a small file', file.copy({ path: '/root/small', content: 'small\n' }), { tags: ['small'] }),
    ],
  })],
});
