/** Checksums of contents, each computed once: the same file goes to many hosts, and is compared, written and noted on each. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

const known = new WeakMap<Buffer, string>();

/** How much is hashed at a time where the event loop is to go on, in bytes: slow processors take 2 ms for it. */
const PIECE = 256 * 1024;

/** The sha256 of a content as hex, of a text as UTF-8. Of a Buffer it is remembered: whoever hands one over does not change it afterwards. */
export function sha256(content: string | Buffer): string {
  if (typeof content === 'string') return createHash('sha256').update(content).digest('hex');
  const before = known.get(content);
  if (before !== undefined) return before;
  const sum = createHash('sha256').update(content).digest('hex');
  known.set(content, sum);
  return sum;
}

/** The same of a large content; the event loop goes on meanwhile. Afterwards `sha256` knows it. */
export async function sha256InPieces(content: Buffer): Promise<string> {
  const before = known.get(content);
  if (before !== undefined) return before;
  const hash = createHash('sha256');
  for (let at = 0; at < content.length; at += PIECE) {
    hash.update(content.subarray(at, at + PIECE));
    await nextTurn();
  }
  const sum = hash.digest('hex');
  known.set(content, sum);
  return sum;
}
