/** Which operating system a host runs. @see os-release(5), uname(1) */
import { CheckError } from '../../core/errors';
import { probe, query, type Query } from '../../core/module';
import { raw } from '../../core/transport/command';

export interface Release {
  /** `debian`, `alpine`; lower case. */
  readonly id: string;
  /** Ids of what it is derived from, the nearest first. */
  readonly like: readonly string[];
  /** `12`; empty where it has none (Debian's testing). */
  readonly version: string;
  /** `bookworm`; empty where it has none. */
  readonly codename: string;
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  readonly name: string;
  /** As `uname -r` prints it. */
  readonly kernel: string;
  /** As `uname -m` prints it: `x86_64`, `aarch64`. */
  readonly machine: string;
}

const reading = query<undefined, Release>({
  name: 'os.release',
  subject: () => 'operating system',
  inspect: () => probe(raw('uname -r; uname -m; cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release'), result => parseRelease(result.stdout)),
});

/** The operating system and its kernel. @throws CheckError where the host has no os-release file */
export function release(): Query<Release> {
  return reading(undefined);
}

/** Parses what the probe prints. @throws CheckError */
export function parseRelease(stdout: string): Release {
  const [kernel = '', machine = '', ...settings] = stdout.split('\n');
  const values = new Map(settings.flatMap(line => {
    const [, name, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim()) ?? [];
    return name === undefined || value === undefined ? [] : [[name, unquoted(value)] as const];
  }));
  const id = values.get('ID');
  if (id === undefined) throw new CheckError('the host does not say which system it is: its os-release file has no ID');
  return {
    id, kernel, machine,
    like: (values.get('ID_LIKE') ?? '').split(' ').filter(word => word !== ''),
    version: values.get('VERSION_ID') ?? '',
    codename: values.get('VERSION_CODENAME') ?? '',
    name: values.get('PRETTY_NAME') ?? id,
  };
}

/** A value as a shell would assign it. */
function unquoted(value: string): string {
  const quote = value[0];
  const inner = (quote === '"' || quote === "'") && value.endsWith(quote) && value.length > 1 ? value.slice(1, -1) : value;
  return quote === "'" ? inner : inner.replaceAll(/\\(.)/g, '$1');
}
