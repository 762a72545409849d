import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { keepInCache, kubeCache, kubePrograms } from './binaries';

/** Told each step, one line without a newline. */
type Progress = (line: string) => void;

const packages = ['golang-go', 'make', 'rsync', 'dpkg-dev', 'gcc', 'libc6-dev'];

/**
 * Builds the real Kubernetes binaries from Debian's source package `kubernetes` with Debian's Go and keeps them in the
 * cache. It takes a quarter of an hour on two cores, 3 GB of disk in the cache while it runs, and installs Debian
 * packages.
 * @returns the directory of the binaries.
 * @throws when a command fails; its output was shown.
 * @see https://tracker.debian.org/pkg/kubernetes
 */
export async function buildKube(progress: Progress): Promise<string> {
  await mkdir(kubeCache(), { recursive: true });
  const work = await mkdtemp(join(kubeCache(), '.build-'));
  try {
    progress(`Installing ${packages.join(', ')}`);
    await run(['apt-get', 'install', '-y', '--no-install-recommends', ...packages], work);
    progress('Fetching the source package kubernetes');
    const source = await fetchSource(work);
    progress(`Building ${kubePrograms.join(', ')} from ${source}`);
    await compile(join(work, source), source);
    const { directory, sums } = await collect(work, join(work, source));
    return await keepInCache(directory, sums);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Fetches and unpacks the newest source package of the machine's own sources; gives the name of its directory. */
async function fetchSource(work: string): Promise<string> {
  const options = await sourceOptions(work);
  await run(['apt-get', ...options, 'update'], work);
  await run(['apt-get', ...options, 'source', 'kubernetes'], work);
  const directory = (await readdir(work)).find((name) => /^kubernetes-\d/.test(name));
  if (directory === undefined) throw new Error('apt-get source kubernetes left no directory kubernetes-VERSION.');
  return directory;
}

/** Options that make apt read the machine's sources as sources of source packages, with lists of its own. */
async function sourceOptions(work: string): Promise<string[]> {
  const parts = join(work, 'sources.list.d');
  const lists = join(work, 'lists');
  await mkdir(parts);
  await mkdir(join(lists, 'partial'), { recursive: true });
  const directory = '/etc/apt/sources.list.d';
  const names = await readdir(directory).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(directory, name))];
  for (const [index, file] of files.entries()) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const ending = file.endsWith('.sources') ? 'sources' : 'list';
    const changed = ending === 'sources' ? text.replace(/^Types:.*$/gm, 'Types: deb-src') : text.replace(/^deb\s/gm, 'deb-src ');
    await writeFile(join(parts, `${index}.${ending}`), changed);
  }
  return ['-o', 'Dir::Etc::SourceList=/dev/null', '-o', `Dir::Etc::SourceParts=${parts}`, '-o', `Dir::State::Lists=${lists}`, '-o', 'APT::Sandbox::User=root'];
}

async function compile(source: string, name: string): Promise<void> {
  const version = /^kubernetes-.*?(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? '1.20.2';
  const [major = '1', minor = '20'] = version.split('.');
  const versionFile = join(source, '.runsheet-version');
  await writeFile(versionFile, [
    "KUBE_GIT_COMMIT='debian'",
    "KUBE_GIT_TREE_STATE='archive'",
    `KUBE_GIT_VERSION='v${version}'`,
    `KUBE_GIT_MAJOR='${major}'`,
    `KUBE_GIT_MINOR='${minor}'`,
    '',
  ].join('\n'));
  const environment = { GO111MODULE: 'off', CGO_ENABLED: '0', GOLDFLAGS: '-s -w', KUBE_GIT_VERSION_FILE: versionFile };
  await run(['make', `WHAT=${kubePrograms.map((program) => `cmd/${program}`).join(' ')}`], source, environment);
}

async function collect(work: string, source: string): Promise<{ directory: string; sums: string }> {
  const directory = join(work, 'bin');
  await mkdir(directory);
  const lines: string[] = [];
  for (const program of kubePrograms) {
    const target = join(directory, program);
    await copyFile(join(source, '_output/bin', program), target);
    await chmod(target, 0o755);
    const hash = createHash('sha256');
    await pipeline(createReadStream(target), hash);
    lines.push(`${hash.digest('hex')}  ${program}\n`);
  }
  const sums = lines.join('');
  await writeFile(join(directory, 'SHA256SUMS'), sums);
  return { directory, sums };
}

function run(argv: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', ...environment }, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${argv.join(' ')} exited with code ${code ?? 'none'}.`))));
  });
}
