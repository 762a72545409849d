import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Bind } from '../types';
import { paths } from './options';

const sources = { standin: join(__dirname, 'standin'), client: join(__dirname, '..', 'clients', 'host') } as const;

/** Where a compiled script lies on a host, `standin/main.js`. */
export function toolPath(name: string): string {
  return join(paths.labTools, name);
}

/** The node of this machine as a host sees it. */
export const hostNode = toolPath('node');

/**
 * Compiles the scripts that run inside hosts to plain JavaScript, once for each version of their sources.
 * @returns the binds that show them and this machine's own node to a host, read-only.
 */
export async function hostTools(): Promise<Bind[]> {
  const compiled = await compile();
  return [
    { source: process.execPath, target: hostNode },
    ...Object.keys(sources).map((name) => ({ source: join(compiled, name), target: toolPath(name) })),
  ];
}

async function compile(): Promise<string> {
  const files = await sourceFiles();
  const hash = createHash('sha256');
  files.forEach((file) => hash.update(`${file.path}\0${file.text}\0`));
  const cache = join(process.env['RUNSHEET_CACHE'] ?? '/var/cache/runsheet', 'tools');
  const target = join(cache, hash.digest('hex').slice(0, 16));
  if (await exists(target)) return target;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, '.compile-'));
  try {
    for (const file of files) await compileFile(file.text, join(work, file.path.replace(/\.ts$/, '.js')));
    await rename(work, target).catch(async (error: unknown) => {
      // Another lab was faster with the same sources.
      if (!(await exists(target))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

async function sourceFiles(): Promise<{ path: string; text: string }[]> {
  const lists = await Promise.all(
    Object.entries(sources).map(async ([name, directory]) => {
      const names = (await readdir(directory)).filter((file) => file.endsWith('.ts')).sort();
      return await Promise.all(names.map(async (file) => ({ path: join(name, file), text: await readFile(join(directory, file), 'utf8') })));
    }),
  );
  return lists.flat();
}

async function compileFile(text: string, target: string): Promise<void> {
  const { transform } = await import('@swc/core');
  const { code } = await transform(text, {
    configFile: false,
    swcrc: false,
    module: { type: 'commonjs' },
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, code);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
