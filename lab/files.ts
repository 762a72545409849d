import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RunnerError } from '../core/errors';
import type { ExtraFile } from './types';

/**
 * Puts files and links into a root directory, replacing what is there.
 * @throws RunnerError for a path that is not absolute or climbs out of the root.
 */
export async function putFiles(root: string, files: readonly ExtraFile[]): Promise<void> {
  for (const file of files) {
    const path = inside(root, file.path);
    await mkdir(dirname(path), { recursive: true });
    // Not written through a link: /etc/resolv.conf and units that are links to /dev/null would lead out of the root.
    await rm(path, { force: true });
    if ('link' in file) {
      await symlink(file.link, path);
    } else {
      await writeFile(path, file.content);
      await chmod(path, file.mode ?? 0o644);
    }
  }
}

function inside(root: string, path: string): string {
  if (!path.startsWith('/') || path.split('/').includes('..')) {
    throw new RunnerError('usage', `The path of a file for a lab host must be absolute and without "..": ${path}`);
  }
  return join(root, path);
}
