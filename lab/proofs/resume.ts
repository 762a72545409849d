/** `runsheet resume` and `apply` as they are typed: inventory, variables and all else come from a journal or a plan. */
import { join } from 'node:path';
import { spawnInLab, type Lab } from '../lab';
import type { RunsheetOptions, RunsheetResult } from '../scenario';

/** Goes on with the last run of the folder. */
export function resumeLast(lab: Lab, options: AgainOptions): Promise<RunsheetResult> {
  return runsheetAgain(lab, ['resume', '--yes', '--json'], options);
}

export type AgainOptions = Pick<RunsheetOptions, 'cwd' | 'started' | 'onOutput'>;

/** Runs `runsheet ARGS` where the controller of the lab stands, without an inventory: `resume`, `apply plan.json`, `show`. */
export function runsheetAgain(lab: Lab, args: readonly string[], { cwd, started, onOutput }: AgainOptions): Promise<RunsheetResult> {
  const child = spawnInLab(lab, [process.execPath, join(__dirname, '../../bin/runsheet.js'), ...args], {
    // What is captured is read: where this process was told to force colours, they would be in it.
    cwd, env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { stdout += text; onOutput?.(text); });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  if (child.pid !== undefined) started?.(child.pid);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => { resolve({ code, signal, stdout, stderr }); });
  });
}
