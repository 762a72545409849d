/** Files of hosts, brought to the controller. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RefusedError } from '../../core/errors';
import { command, live, see, type Imperative, type Live } from '../../core/module';
import { lookAt } from './look';
import { pathProblems } from './paths';

export interface FetchParams {
  /** The file on the host, absolute. A symbolic link is followed. */
  readonly path: string;
  /**
   * Where it goes on the controller; relative paths start at the folder the command is run in. Each host needs its own:
   * `({ host }) => file.fetch({ path, to: join(folder, host.name, 'x') })`.
   */
  readonly to: string;
}

/** A file that is on the controller now. */
export interface Fetched {
  /** Where, absolute. */
  readonly to: string;
  /** Its checksum, equal to the one on the host; hexadecimal. */
  readonly sha256: string;
}

interface Before {
  readonly host: string;
  readonly controller: string | undefined;
}

const fetching = command<FetchParams, Before, Fetched>({
  name: 'file.fetch',
  subject: params => params.path,
  validate: params => [...pathProblems(params.path), ...(params.to === '' ? ['`to` is empty'] : [])],
  before: params => look(params),
  describe: (before, params) => (before.host === before.controller ? undefined : `fetch ${params.path} to ${resolve(params.to)}`),
  run: async (on, { params }) => {
    const to = resolve(params.to);
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    return { to, sha256: await on.fetch(params.path, to) };
  },
  verify: async (_on, { value }) => (await checksumHere(value.to)) === value.sha256 || `${value.to} is not what the host sent`,
  idle: (before, params) => ({ to: resolve(params.to), sha256: before.host }),
  undo: () => [],
  effect: 'read',
});

/** A copy of a host's file on the controller, mode 0600; directories that are missing are made with 0700. Nothing is done where the copy is the same already. */
export function fetch(params: FetchParams): Imperative<Fetched> {
  return fetching(params);
}

function look({ path, to }: FetchParams): Live<Before> {
  return live(async on => {
    const { facts } = await see(lookAt(path, { follow: true, sha256: true }), on);
    if (facts?.sha256 !== undefined) return { host: facts.sha256, controller: await checksumHere(resolve(to)) };
    throw new RefusedError(facts === undefined ? `${path} does not exist on the host` : `${path} is a ${facts.type}; only files are fetched`);
  });
}

/** `undefined` where there is no such file. */
async function checksumHere(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}
