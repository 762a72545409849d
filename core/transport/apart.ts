/** Which commands get a channel of their own. */
import { Secret } from '../secret';
import type { RunOptions } from './connection';

/** Input beyond this many bytes does not travel in a frame of the open shell. */
const MAX_FRAME_INPUT = 64 * 1024;

/** Where they are asked to, and where their input is secret or long: it would show in the shell's own input, or hold up what comes behind it. */
export function isApart({ channel = 'shell', stdin }: RunOptions): boolean {
  return channel === 'own' || stdin instanceof Secret || (stdin !== undefined && Buffer.byteLength(stdin) > MAX_FRAME_INPUT);
}
