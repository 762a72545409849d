/** The Debian root that all hosts share as their lower layer: made once by mmdebstrap, cached outside the repository. */
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command';
import { putFiles } from './files';
import { withLock } from './lock';
import { DISABLED_UNITS, MASKED_UNITS, PACKAGES, ROOT_FILES } from './recipe';
import { debianSources, SUITE } from './sources';

const BUILD_LIMIT_MS = 20 * 60_000;
// Documentation and translations are a third of the files, and no host reads them.
const DPKG_OPTIONS = ['force-unsafe-io', 'path-exclude=/usr/share/doc/*', 'path-exclude=/usr/share/man/*', 'path-exclude=/usr/share/locale/*', 'path-exclude=/usr/share/info/*'];

/** What to put into the root, and who is told about it. */
export interface RootOptions {
  /** Debian packages besides the usual ones. */
  readonly packages?: readonly string[];
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Directory of the root for this recipe and these packages; built when the cache has none (about a minute, 260 MB).
 * The cache is `$RUNSHEET_CACHE`, else /var/cache/runsheet. A build that is killed leaves a partial directory that the next one removes.
 * @throws RunnerError when no mirror gives the packages.
 */
export async function debianRoot(options: RootOptions = {}): Promise<string> {
  const packages = [...new Set([...PACKAGES, ...(options.packages ?? [])])].sort();
  const cache = process.env['RUNSHEET_CACHE'] ?? '/var/cache/runsheet';
  const root = join(cache, `root-${SUITE}-${recipeKey(packages)}`);
  if (await exists(root)) return root;
  await mkdir(cache, { recursive: true });
  await withLock(join(cache, 'root.lock'), async () => {
    if (await exists(root)) return;
    await removePartial(cache);
    options.progress?.(`Building the Debian root ${root} (once, about a minute)`);
    await build(root, packages, options.signal);
  });
  return root;
}

function recipeKey(packages: readonly string[]): string {
  const recipe = JSON.stringify([SUITE, process.arch, packages, DPKG_OPTIONS, MASKED_UNITS, DISABLED_UNITS, ROOT_FILES]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}

/** What killed builds left: whoever holds the lock is the only one that builds. */
async function removePartial(cache: string): Promise<void> {
  for (const name of await readdir(cache)) if (name.includes('.partial')) await rm(join(cache, name), { recursive: true, force: true });
}

async function build(root: string, packages: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const partial = `${root}.partial`;
  const aptConfig = `${partial}.apt`;
  try {
    await writeFile(aptConfig, await aptSettings());
    await bootstrap({ partial, aptConfig, packages, signal });
    await finish(partial);
    await rename(partial, root);
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(aptConfig, { force: true });
  }
}

/** How this machine's apt reaches mirrors (proxy, checks of dates), so that mmdebstrap's apt reaches them too. */
async function aptSettings(): Promise<string> {
  const { stdout } = await run(['apt-config', 'dump', '--format', '%F "%v";%n',
    'Acquire::http', 'Acquire::https', 'Acquire::Check-Valid-Until', 'Acquire::Check-Date', 'Acquire::Retries']);
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('Acquire::http "') && !line.startsWith('Acquire::https "')).join('\n') + '\n';
}

interface Bootstrap {
  readonly partial: string;
  readonly aptConfig: string;
  readonly packages: readonly string[];
  readonly signal: AbortSignal | undefined;
}

async function bootstrap({ partial, aptConfig, packages, signal }: Bootstrap): Promise<void> {
  const argv = (sources: readonly string[]): string[] => [
    // It ends when we do, and has its own mount and process namespaces: no mount and no child of a killed build stays.
    'setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc',
    'mmdebstrap', '--mode=root', '--variant=minbase', `--aptopt=${aptConfig}`,
    ...DPKG_OPTIONS.map((option) => `--dpkgopt=${option}`),
    `--include=${packages.join(',')}`, SUITE, partial, ...sources,
  ];
  const options = { timeoutMs: BUILD_LIMIT_MS, ...(signal === undefined ? {} : { signal }) };
  const own = await debianSources();
  if (own.length > 0) {
    const tried = await run(argv(own), { ...options, expect: 'any' });
    if (tried.code === 0) return;
    signal?.throwIfAborted();
    await rm(partial, { recursive: true, force: true });
  }
  await run(argv([]), options);
}

async function finish(root: string): Promise<void> {
  await run(['chroot', root, 'systemctl', 'disable', '--quiet', ...DISABLED_UNITS]);
  await run(['chroot', root, 'systemctl', 'mask', '--quiet', ...MASKED_UNITS]);
  // Every host gets its own: keys and an id that two hosts share would make them one host to SSH and to etcd.
  const keys = (await readdir(join(root, 'etc/ssh'))).filter((name) => name.startsWith('ssh_host_'));
  for (const name of [...keys.map((key) => `etc/ssh/${key}`), 'etc/machine-id', 'etc/resolv.conf', 'etc/hostname']) {
    await rm(join(root, name), { force: true });
  }
  await putFiles(root, ROOT_FILES);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
