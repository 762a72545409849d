/** Started by `npx ts-node` in run.test.ts. */
import { play, playbook, runIfMain, task } from '../../../core';
import { cmd, read } from '../../../modules/command';

export default playbook({ name: 'Started by ts-node', plays: [play({ name: 'look', hosts: 'all', tasks: [task('Look', read({ command: cmd`true` }))] })] });
runIfMain(module);
