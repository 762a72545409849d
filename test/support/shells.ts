/** The shells of hosts that this machine has, for what must work in all of them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cmd, lines } from '../../core/transport/command';
import type { Target } from '../../core/transport/connection';
import { localTarget } from './local-target';

let applets: string | undefined;

/** busybox's own tools, and no others. */
function busyboxTarget(): Target {
  const folder = applets ??= install();
  const inner = localTarget(['busybox', 'sh']);
  return { ...inner, run: (command, options) => inner.run(lines(cmd`PATH=${folder}`, command), options) };
}

function install(): string {
  const folder = mkdtempSync(join(tmpdir(), 'runsheet-applets-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  execFileSync('busybox', ['--install', '-s', folder]);
  return folder;
}

/** Name and target of each, for `describe.each`. */
export const shells = ([['sh', () => localTarget(['sh'])], ['bash', () => localTarget(['bash', '--norc'])], ['busybox with its own tools', busyboxTarget]] as const)
  .filter(([name]) => existsSync(`/usr/bin/${name.split(' ')[0] ?? ''}`));
