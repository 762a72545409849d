/** Addresses of a host. @see ip-address(8) */
import { isIPv6 } from 'node:net';
import { probe, query, type Query } from '../../core/module';
import { raw } from '../../core/transport/command';

export interface Address {
  /** `eth0`. */
  readonly device: string;
  /** Without the length of its network. */
  readonly address: string;
  readonly family: 'inet' | 'inet6';
  /** Length of its network in bits. */
  readonly prefix: number;
  /** `global` for addresses that others can reach, `link` and `host` for the rest. */
  readonly scope: string;
}

const reading = query<undefined, readonly Address[]>({
  name: 'net.addresses',
  subject: () => 'addresses',
  inspect: () => probe(raw('ip -o address show'), result => parseAddresses(result.stdout)),
});

/** All addresses in the order of the kernel, loopback included. Needs `ip` (iproute2 or busybox). */
export function addresses(): Query<readonly Address[]> {
  return reading(undefined);
}

/** Parses `ip -o address show`: number, device, family, address/prefix, settings with `scope NAME`. */
export function parseAddresses(stdout: string): readonly Address[] {
  return stdout.split('\n').flatMap(line => {
    const [, device, family, address, prefix, rest = ''] = /^\d+:\s+(\S+?)(?:@\S+)?\s+(inet6?)\s+([^\s/]+)(?:\/(\d+))?(.*)$/.exec(line) ?? [];
    if (device === undefined || address === undefined) return [];
    const full = isIPv6(address) ? 128 : 32;
    // A point-to-point address stands without its length.
    return [{ device, address, family: family === 'inet6' ? 'inet6' as const : 'inet' as const, prefix: Number(prefix ?? full), scope: /\bscope (\S+)/.exec(rest)?.[1] ?? 'global' }];
  });
}
