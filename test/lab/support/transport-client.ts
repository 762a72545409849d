/**
 * A controller for the transport's lab tests, in a process of its own inside the lab's network: it locks the host, runs a long command as root on both
 * channels, and prints a JSON line for everything that happens. Argument: a JSON object, see `Orders`.
 */
import { Secret } from '../../../core/secret';
import { cmd } from '../../../core/transport/command';
import { createTransport } from '../../../core/transport/open';
import { messageOf } from '../../../core/errors';

/** What the client is told. */
export interface Orders {
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly privateKeyFile: string;
  readonly knownHosts: string;
  readonly run: string;
  /** Argument of sleep(1), by which the test finds it on the host. */
  readonly seconds: string;
}

function say(event: string, text = ''): void {
  process.stdout.write(`${JSON.stringify({ event, text })}\n`);
}

async function main(orders: Orders): Promise<void> {
  const transport = createTransport({
    hostKey: 'strict', connectTimeoutMs: 20_000, notice: () => undefined, runId: orders.run,
    becomePassword: () => Promise.resolve(new Secret(orders.password)),
    limits: { silenceMs: 6_000, beatMs: 1_000, keepaliveMs: 1_500, lockRetryMs: 200 },
  });
  const host = {
    name: 'p1', groups: [], vars: {},
    connection: { type: 'ssh' as const, address: orders.address, port: 22, user: orders.user, privateKeyFile: orders.privateKeyFile, knownHosts: [orders.knownHosts] },
  };
  const link = await transport.link(host, new AbortController().signal);
  await link.lock({ run: orders.run, playbook: 'test', holder: 'test', waitMs: 60_000, say: line => say('waiting', line) }, 'root');
  say('locked');
  const root = await link.as('root');
  const running = (['shell', 'own'] as const).map(channel =>
    root.run(cmd`sleep ${orders.seconds} & timeout 10000 sleep ${orders.seconds}`, { channel }).catch((error: unknown) => say('ended', messageOf(error))));
  say('running');
  await Promise.all(running);
  await root.run(cmd`true`).then(() => say('went on'), (error: unknown) => say('stopped', messageOf(error)));
  await transport.close();
}

main(JSON.parse(process.argv[2] ?? '{}') as Orders).catch((error: unknown) => say('failed', messageOf(error)));
