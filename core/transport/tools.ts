/** The everyday tools that the transport itself needs on a host. Modules check for theirs. */
import { ConnectionError } from '../errors';
import type { Host } from '../inventory/host';
import type { Shell } from './shell';

const NEEDED = ['base64', 'cat', 'chmod', 'chown', 'head', 'mv', 'readlink', 'rm', 'sha256sum', 'stat', 'sync', 'timeout'];

/** Asks a fresh shell once for all of them. @throws ConnectionError naming what is missing. */
export async function requireTools(host: Host, shell: Shell): Promise<void> {
  const { stdout } = await shell.run({
    text: `for t in ${NEEDED.join(' ')}; do command -v $t >/dev/null || echo $t; done`,
    timeoutMs: 30_000,
  });
  const missing = stdout.toString().split('\n').filter(tool => tool !== '');
  if (missing.length === 0) return;
  throw new ConnectionError(host.name, `the host has no ${missing.join(', ')}`, 'Install coreutils (or a busybox with them).');
}
