/** Runs the command line as its user does: a folder with files, a process, its exit code and what it printed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '..', '..', '..');
export const RUNSHEET = join(ROOT, 'bin', 'runsheet.js');

/** What the process left. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Everything on both outputs so far. */
  readonly text: () => string;
  readonly ended: Promise<Ended>;
}

/** A folder of its own with files in it, and a cache of its own beside it; `remove` at the end. */
export class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), 'runsheet-cli-'));

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.dir, name)), { recursive: true });
      writeFileSync(join(this.dir, name), text);
    }
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, program: readonly string[] = [process.execPath, RUNSHEET]): Started {
    const [command = '', ...first] = program;
    const child = spawn(command, [...first, ...args], {
      cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: this.dir, XDG_CACHE_HOME: join(this.dir, '.cache'), ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    const ended = new Promise<Ended>(done => { child.once('close', code => done({ code, stdout, stderr })); });
    return { child, text: () => stdout + stderr, ended };
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Waits until it is true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(done => setTimeout(done, 20));
}

/** A playbook of these tasks. @param rest further lines at its top */
export function playbookOf(tasks: string, rest = ''): string {
  return `import { play, playbook, runIfMain, task } from 'runsheet';
import { cmd, read, run } from 'runsheet/modules/command';
import * as file from 'runsheet/modules/file';
import * as confirm from 'runsheet/modules/confirm';
${rest}
export default playbook({ name: 'Test', plays: [play({ name: 'test', hosts: 'all', tasks: [${tasks}] })] });
runIfMain(module);
void [cmd, read, run, file, confirm];
`;
}
