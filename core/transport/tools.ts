/** The everyday tools that the transport itself needs on a host. Modules check for theirs. */
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import type { Order } from './outcome';
import type { Shell } from './shell';

const NEEDED = ['base64', 'cat', 'chmod', 'chown', 'head', 'mv', 'readlink', 'rm', 'sha256sum', 'sleep', 'stat', 'sync'];

/** What a host's shell can do. */
export interface Abilities {
  /** printf is a builtin. What a program of that name prints would show in `ps`. */
  readonly printsItself: boolean;
}

/** What asks a fresh shell for all of them, by its builtins alone. */
const TOOLS: Order = {
  text: `command -v printf || echo; for t in ${NEEDED.join(' ')}; do command -v $t >/dev/null || echo $t; done`,
  timeoutMs: 30_000,
};

/** Starts a fresh shell with that question. @throws ConnectionError naming what is missing */
export async function requireTools(host: Host, shell: Shell): Promise<Abilities> {
  const { stdout } = await shell.start(TOOLS);
  const [printf, ...others] = stdout.toString().split('\n');
  const missing = others.filter(tool => tool !== '');
  if (missing.length === 0) return { printsItself: printf === 'printf' };
  throw new ConnectionError(host.name, `the host has no ${missing.join(', ')}`, 'Install coreutils (or a busybox with them).');
}
