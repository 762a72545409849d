/** Paths in check mode: what a look will see once the changes planned so far are made. */
import { sha256 as checksum } from '../../core/checksum';
import { unforeseen, type ForeseenPath } from '../../core/foreseen';
import { MAX_CONTENT, type LookOptions } from '../../core/path-look';
import { realPath, type RealPath } from '../../core/real-path';
import type { Secret } from '../../core/secret';
import { cmd } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { hostState, type FileFacts, type PathState } from './path-state';
import { parentOf } from './paths';

/** How a path will look; `undefined` where no planned change concerns it. @throws RefusedError where only the run will tell */
export async function foreseenState(on: Target, path: string, options: LookOptions): Promise<PathState | undefined> {
  const { foreseen } = on;
  if (foreseen === undefined) return undefined;
  const real = await realPath(on, path, options.follow);
  const will = foreseen.at(real.path);
  if (will === undefined) return real.isPlanned ? { ...await hostState(on, real.path, options), link: real.link } : undefined;
  return { link: real.link, parent: await isThere(on, parentOf(real.path)), facts: await factsOf(on, { real, will, options }) };
}

/** Will something be at the path, links followed? `undefined` where no planned change concerns it. @throws RefusedError where only the run will tell */
export function foreseenExists(on: Target, path: string): Promise<boolean | undefined> {
  return foreseenAt(on, path, true);
}

/** The same of the path itself: a link that leads nowhere is there too. */
export function foreseenThere(on: Target, path: string): Promise<boolean | undefined> {
  return foreseenAt(on, path, false);
}

async function foreseenAt(on: Target, path: string, follow: boolean): Promise<boolean | undefined> {
  const real = await realPath(on, path, follow);
  const will = on.foreseen?.at(real.path);
  if (will?.kind === 'unclear') throw unforeseen(path);
  if (will !== undefined && will.kind !== 'kept') return will.kind !== 'absent';
  if (!real.isPlanned) return undefined;
  const { link, facts } = await hostState(on, real.path, { follow: false });
  return link !== undefined || facts !== undefined;
}

async function factsOf(on: Target, { real, will, options }: { readonly real: RealPath; readonly will: ForeseenPath; readonly options: LookOptions }): Promise<FileFacts | undefined> {
  switch (will.kind) {
    case 'absent': return undefined;
    case 'link': return { type: 'link', ...NOBODY, ...will.owned, mode: 0o777, size: will.target.length, mtime: NaN, sha256: undefined, content: undefined };
    case 'directory': return { type: 'directory', ...will.owned, size: NaN, mtime: NaN, sha256: undefined, content: undefined };
    case 'file': return { type: 'file', ...will.owned, mtime: NaN, ...contentFacts(will.content, options) };
    case 'kept': {
      const { facts } = await hostState(on, real.path, options);
      return facts === undefined ? undefined : { ...facts, ...will.owned };
    }
    case 'made':
    case 'unclear': throw unforeseen(real.path);
    default: return will satisfies never;
  }
}

const NOBODY = { uid: NaN, gid: NaN, owner: '', group: '' };

/** The same facts as the look asks the host for. */
function contentFacts(content: Buffer | Secret, { sha256 = false, content: wanted }: LookOptions): Pick<FileFacts, 'size' | 'sha256' | 'content'> {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content.reveal());
  const sum = checksum(bytes);
  const shown = wanted !== undefined && !(typeof wanted === 'object' && wanted.unless === sum) && bytes.length <= MAX_CONTENT;
  return { size: bytes.length, sha256: sha256 || wanted !== undefined ? sum : undefined, content: shown ? bytes : undefined };
}

async function isThere(on: Target, directory: string): Promise<boolean> {
  const will = on.foreseen?.at(directory);
  if (will !== undefined && will.kind !== 'kept') return will.kind !== 'absent' && will.kind !== 'file';
  return (await on.run(cmd`test -d ${directory}`, { expect: [0, 1] })).code === 0;
}
