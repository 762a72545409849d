/** Runsheet's command line, as a user calls it: host keys, locks, check of the types and the record of the run included. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnerEvent } from '../../core/report/events';
import { parseEvents, failuresOf, recapOf } from '../../lab/proofs/events';
import type { ExecResult } from '../../lab/types';
import { lastWords, timed, type Account } from '../command';
import type { Job, Outcome, Peer } from '../types';

const ROOT = join(__dirname, '../..');
const PLAYBOOK = join(ROOT, 'lab/everyday/everyday.ts');

export const runsheet: Peer = {
  name: 'runsheet',
  title: 'Runsheet',
  ready: async () => {
    const { version } = parsePackage(await readFile(join(ROOT, 'package.json'), 'utf8'));
    return `${version}, Node ${process.versions.node}`;
  },
  run: job => runRunsheet(job, ['run', PLAYBOOK, '--set', `version=${job.version}`]),
};

/** Calls Runsheet with the place's inventory. @param node options of Node itself, none unless said */
export async function runRunsheet(job: Job, args: readonly string[], node: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const argv = [process.execPath, ...node, join(ROOT, 'bin/runsheet.js'), ...args, '-i', job.place.inventory];
  const read = async (result: ExecResult): Promise<Account> => {
    const events = await recordOf(job.folder);
    const hosts = Object.values(recapOf(events)?.hosts ?? {});
    const failed = result.code === 0 ? [] : [`exit code ${result.code}: ${lastWords(result)}`, ...failuresOf(events)];
    return { changed: hosts.reduce((sum, { changed }) => sum + changed, 0), problems: [...failed, ...(events.length === 0 ? ['it left no record of the run'] : [])] };
  };
  return timed(job, argv, read, { cwd: job.folder, env });
}

/** The events of the one run of that folder, from its record; none where there is no record. */
async function recordOf(folder: string): Promise<readonly RunnerEvent[]> {
  const runs = join(folder, '.runsheet/runs');
  const [run] = (await readdir(runs, { withFileTypes: true }).catch(() => [])).filter(entry => entry.isDirectory());
  return run === undefined ? [] : parseEvents(await readFile(join(runs, run.name, 'events.jsonl'), 'utf8'));
}

function parsePackage(text: string): { readonly version: string } {
  return JSON.parse(text) as { version: string };
}
