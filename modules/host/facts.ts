/** A host's name, clock and free space. @see hostname(1), date(1), df(1) */
import { live, query } from '../../core/module';
import { cmd } from '../../core/transport/command';

export interface HostFactsParams {
  /** Directories whose file systems are measured; one that does not exist counts as its nearest parent. */
  readonly directories?: readonly string[];
}

export interface HostFacts {
  /** As `hostname` prints it: what leader locks are named after. */
  readonly hostname: string;
  /** The host's clock minus the controller's, in milliseconds; as exact as half a round trip. */
  readonly clockOffsetMs: number;
  /** Free bytes for root by directory. */
  readonly free: Readonly<Record<string, number>>;
}

/** Reads name, clock and free space in one look. */
export const facts = query<HostFactsParams, HostFacts>({
  name: 'host.facts',
  subject: () => 'host',
  // Not ahead of its turn: the clock must be read between two moments that lie close together.
  inspect: ({ directories = [] }) => live(async on => {
    const result = await on.run(cmd`hostname; date +%s.%N; for d in ${directories}; do p=$d; while [ ! -d "$p" ]; do p=$(dirname "$p"); done; df -P -k "$p" | tail -n 1; done`);
    return parseHostFacts(result.stdout, directories, { now: Date.now(), ms: result.ms });
  }),
});

/** Parses what the probe prints. `now` is when it was read and `ms` how long it took, on the controller's clock. */
export function parseHostFacts(stdout: string, directories: readonly string[], read: { readonly now: number; readonly ms: number }): HostFacts {
  const [hostname = '', clock = '', ...filesystems] = stdout.trimEnd().split('\n');
  const seconds = Number(clock);
  // busybox's date knows no %N and prints it, or nothing, behind the dot.
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Number(clock.split('.')[0]) * 1000;
  const free = directories.map((directory, i) => [directory, Number(filesystems[i]?.trim().split(/\s+/).at(-3) ?? Number.NaN) * 1024] as const);
  return { hostname: hostname.trim(), clockOffsetMs: Math.round(ms - (read.now - read.ms / 2)), free: Object.fromEntries(free) };
}
