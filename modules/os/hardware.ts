/** Processors and memory of a host. @see nproc(1), proc(5) */
import { probe, query, type Query } from '../../core/module';
import { raw } from '../../core/transport/command';

export interface Hardware {
  /** Processors that a process may use. */
  readonly processors: number;
  /** Bytes of memory. */
  readonly memory: number;
  /** Bytes of swap; 0 without any. */
  readonly swap: number;
}

const reading = query<undefined, Hardware>({
  name: 'os.hardware',
  subject: () => 'hardware',
  inspect: () => probe(raw('nproc; cat /proc/meminfo'), result => parseHardware(result.stdout)),
});

/** Processors and memory, as the kernel counts them. */
export function hardware(): Query<Hardware> {
  return reading(undefined);
}

/** Parses what the probe prints. */
export function parseHardware(stdout: string): Hardware {
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(stdout)?.[1] ?? 0);
  return { processors: Number(stdout.split('\n')[0]), memory: kilobytes('MemTotal') * 1024, swap: kilobytes('SwapTotal') * 1024 };
}
