/** `runsheet resume` as it is typed after a run that did not end: with nothing but the word to go on. */
import { join } from 'node:path';
import { spawnInLab, type Lab } from '../lab';
import type { RunsheetOptions, RunsheetResult } from '../scenario';

/** Goes on with the last run of the folder. Inventory, variables and all else come from that run's journal. */
export function resumeLast(lab: Lab, { cwd, started, onOutput }: Pick<RunsheetOptions, 'cwd' | 'started' | 'onOutput'>): Promise<RunsheetResult> {
  const child = spawnInLab(lab, [process.execPath, join(__dirname, '../../bin/runsheet.js'), 'resume', '--yes', '--json'], {
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
