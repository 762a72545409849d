import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Everything on this machine that bears a lab's name: mounts, namespaces, control groups, processes, directories. Empty when nothing is left. */
export function leftoversOf(name: string): string[] {
  const grep = (text: string): string[] => text.split('\n').filter((line) => line.includes(name));
  return [
    ...grep(readFileSync('/proc/self/mounts', 'utf8')),
    ...grep(readFileSync('/proc/self/cgroup', 'utf8')),
    ...grep(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })),
    ...grep(execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/runsheet-lab/${name}*`], { encoding: 'utf8' })),
    // Lock files stay on purpose: removing one that somebody waits for would let two in.
    ...grep(execFileSync('find', ['/run', '-xdev', '-name', `*${name}*`, '-not', '-path', '/run/lock/*'], { encoding: 'utf8' })),
    ...processesNaming(name),
  ];
}

/** The routes of this machine outside the labs. */
export function routes(): string {
  return execFileSync('ip', ['route', 'show'], { encoding: 'utf8' });
}

function processesNaming(name: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const text = [readQuietly(`/proc/${pid}/cmdline`), readQuietly(`/proc/${pid}/cgroup`)].join(' ').replaceAll('\0', ' ');
    // A zombie holds nothing; its parent, which may be this machine's init, takes its time to collect it.
    const isZombie = /^State:\s+Z/m.test(readQuietly(`/proc/${pid}/status`));
    if (text.includes(name) && !isZombie) found.push(`process ${pid}: ${text}`);
  }
  return found;
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
