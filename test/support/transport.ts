/** What transport tests share: a transport with short waiting times, a look at the machine's processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import type { HostLink, OpenConnection, Transport } from '../../core/transport/connection';
import { createTransport, type TransportOptions } from '../../core/transport/open';
import type { Host } from '../../core/inventory/host';

/** A signal that nobody aborts. */
export const NEVER = new AbortController().signal;

/** A transport that closes itself at the end of its block. */
export function testTransport(options: Partial<TransportOptions> = {}): Transport & AsyncDisposable {
  const transport = createTransport({ hostKey: 'strict', connectTimeoutMs: 10_000, notice: () => undefined, runId: 'TESTRUN', ...options });
  return { link: (host, signal) => transport.link(host, signal), close: () => transport.close(), [Symbol.asyncDispose]: () => transport.close() };
}

/** A link and its login user's connection, closed at the end of the block. */
export async function connectTo(host: Host, options: Partial<TransportOptions> = {}): Promise<{ link: HostLink; on: OpenConnection; transport: Transport } & AsyncDisposable> {
  const transport = testTransport(options);
  try {
    const link = await transport.link(host, NEVER);
    return { link, on: await link.as(undefined), transport, [Symbol.asyncDispose]: () => transport.close() };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/** A number of seconds that no other process sleeps for: it finds its `sleep` again. */
export function uniqueSleep(): string {
  return `${randomInt(100_000, 999_999)}.${randomInt(100_000, 999_999)}`;
}

/** Process ids whose command line holds the argument, whole. */
export function processesWith(argument: string): number[] {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
    } catch {
      return false;
    }
  });
}

/** Process ids of those that a process has started and that still run, or have not been waited for. */
export function childrenOf(parent: number): number[] {
  try {
    return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(pid => pid !== '').map(Number);
  } catch {
    return [];
  }
}

/** `gone`, or the state of a process; one that nobody has waited for yet is a zombie, `Z`. */
export function stateOf(pid: number | string): string {
  try {
    return /^State:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  } catch {
    return 'gone';
  }
}

/** Waits until something holds; the test's own time limit ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 10));
}
