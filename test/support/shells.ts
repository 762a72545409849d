/** The shells of hosts that this machine has, for what must work in all of them. */
import { existsSync } from 'node:fs';
import { busyboxTarget, localTarget } from './local-target';

/** Name and target of each, for `describe.each`. */
export const shells = ([['sh', () => localTarget(['sh'])], ['bash', () => localTarget(['bash', '--norc'])], ['busybox with its own tools', busyboxTarget]] as const)
  .filter(([name]) => existsSync(`/usr/bin/${name.split(' ')[0] ?? ''}`));
