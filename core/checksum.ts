/** Checksums of contents, each computed once: the same file goes to many hosts, and is compared, written and noted on each. */
import { createHash } from 'node:crypto';

const known = new WeakMap<Buffer, string>();

/** The sha256 of a content as hex, of a text as UTF-8. Of a Buffer it is remembered: whoever hands one over does not change it afterwards. */
export function sha256(content: string | Buffer): string {
  if (typeof content === 'string') return createHash('sha256').update(content).digest('hex');
  const before = known.get(content);
  if (before !== undefined) return before;
  const sum = createHash('sha256').update(content).digest('hex');
  known.set(content, sum);
  return sum;
}
