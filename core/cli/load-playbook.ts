/** Loads a playbook's file, and says in plain words why one cannot be. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { PlaybookError, UsageError, describeError, isRunnerError, messageOf } from '../errors';
import type { Playbook } from '../playbook';
import { didYouMean } from '../suggest';
import { findUp } from './typecheck';

/** The absolute path of a playbook's file. @throws UsageError when it is none that can be run */
export function playbookPath(given: string | undefined): string {
  if (given === undefined) throw new UsageError('no playbook is given; write runsheet run PLAYBOOK -i INVENTORY');
  const path = resolve(given);
  if (!existsSync(path)) throw new UsageError(`there is no playbook ${given}${didYouMean(basename(path), filesBeside(path))}`);
  if (statSync(path).isDirectory()) throw new UsageError(`${given} is a folder; name the playbook in it, a .ts file`);
  const extension = extname(path);
  if (extension === '.mts') throw new UsageError(`${given}: playbooks are CommonJS, and .mts is an ES module; rename it to .ts`);
  if (extension !== '.ts') throw new UsageError(`${given} is no playbook; playbooks are TypeScript files, .ts`);
  refuseModules(given, path);
  return path;
}

/** A folder whose package.json says `"type": "module"` would make ES modules of its .ts files. */
function refuseModules(given: string, path: string): void {
  const folder = findUp(dirname(path), 'package.json');
  const parsed: unknown = folder === undefined ? undefined : parseJson(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'type' in parsed && parsed.type === 'module') {
    throw new UsageError(`${given}: ${join(folder ?? '', 'package.json')} says "type": "module", and playbooks are CommonJS; take that line out or keep playbooks in a folder of their own, with a package.json {}`);
  }
}

/** Loads it. @param path absolute. @throws PlaybookError when it does not load or exports no playbook */
export function loadPlaybook(path: string): Playbook {
  let loaded: unknown;
  try {
    // A plain require: ts-node is registered, and a dynamic import would go around it.
    loaded = require(path);
  } catch (error) {
    if (isRunnerError(error)) throw error;
    throw new PlaybookError([`${path} does not load: ${reasonOf(error)}`]);
  }
  const made: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (!isPlaybook(made)) throw new PlaybookError([`${path} exports no playbook; write: export default playbook({ ... })`]);
  return made;
}

/** A missing module in one line; for everything else the stack says where. */
function reasonOf(error: unknown): string {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
  return isMissing ? (messageOf(error).split('\n')[0] ?? '') : describeError(error);
}

function isPlaybook(value: unknown): value is Playbook {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'playbook';
}

function filesBeside(path: string): readonly string[] {
  const folder = dirname(path);
  return existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.ts')) : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
