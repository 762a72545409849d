/** The controller's memory where many hosts are at work. */
import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';

/** With fewer hosts there is little to save, and nothing is changed that was not tried. */
const MANY_HOSTS = 100;

/**
 * Trades a little of the controller's processor time for memory, for the rest of the process. To be called once the runner is loaded: V8 takes no code that was kept
 * under other flags, and what is loaded after is compiled each time. @see the documentation of Buffer.poolSize, and `node --v8-options`
 */
export function keepHeapSmall(hosts: number): void {
  if (hosts < MANY_HOSTS) return;
  // A few bytes that a connection keeps for good, such as the server's greeting, keep all of the 8 KB that they were cut from.
  Buffer.poolSize = 1024;
  // The heap may grow by a tenth before it is looked through; V8 itself waits longer. Only Node 20 was tried.
  if (!process.version.startsWith('v20.')) return;
  setFlagsFromString('--heap-growing-percent=10');
  // Before bin/pack.js keeps what V8 made of the code: the next start does not have that flag. 0 leaves it to V8.
  process.prependOnceListener('exit', () => setFlagsFromString('--heap-growing-percent=0'));
}
