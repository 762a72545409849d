/** What a playbook may use. */
export { playbook, type Playbook, type PlaybookContext } from './playbook';
export { hostVars, type HostVars } from './host-vars';
export { play, type Play, type Rolling } from './play';
export { task, handler, flush, block, once, all, from, fact, isUnreachable, type Task, type Once, type All, type From, type Fact, type Handler, type Block, type Step, type Unreachable, type ValueOf } from './task';
export { type Host, type Inventory, addressOf } from './inventory/host';
export { inventory, type HostEntry } from './inventory/define';
export { Secret } from './secret';
export { type Duration } from './duration';
export { runIfMain } from './cli/main-module';
