/** Where something was declared, and the guard that keeps handles from being used as values. */
import { relative } from 'node:path';

/** The place of a declaration; the stack is only turned into text when somebody asks. */
export interface Site { readonly at: () => string }

/** The file and line that called `callee`. */
export function siteHere(callee: (...args: never[]) => unknown): Site {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = limit;
  return { at: () => placeIn(holder.stack ?? '') };
}

/** Adds a conversion that throws with advice: `${handle}` and `handle + 1` would be silent mistakes. @param instead what to do */
export function refuseAsValue<T extends object>(handle: T, what: string, instead = 'name it in `uses` and take the value from the function\'s argument'): T {
  Object.defineProperty(handle, Symbol.toPrimitive, {
    enumerable: false,
    value: () => {
      throw new TypeError(`${what} is a handle, not a value: ${instead}`);
    },
  });
  return handle;
}

function placeIn(stack: string): string {
  const match = /\(?([^\s()]+):(\d+):\d+\)?\s*$/.exec(stack.trim().split('\n').at(-1) ?? '');
  if (match === null) return 'unknown place';
  return `${relative(process.cwd(), match[1] ?? '') || (match[1] ?? '')}:${match[2] ?? ''}`;
}
