import { setTimeout as sleep } from 'node:timers/promises';

import type { Client } from './client';
import { Election } from './election';
import type { Flags } from './flags';
import type { Log } from './log';
import { messageOf } from './log';

/** The pause between two rounds of a controller, in milliseconds. */
const roundMs = 1000;

/**
 * Runs rounds of a controller for as long as this process holds the component's lease (or always, with
 * `--leader-elect=false`). A lost lease ends the process, as in Kubernetes.
 */
export async function lead(client: Client, options: { flags: Flags; name: string; log: Log; round: () => Promise<void> }): Promise<void> {
  const { flags, name, log } = options;
  process.once('SIGTERM', () => process.exit(0));
  if (flags.isTrue('leader-elect', true)) {
    const election = new Election(client, {
      name: flags.text('leader-elect-resource-name', name),
      leaseMs: flags.milliseconds('leader-elect-lease-duration', '15s'),
      renewDeadlineMs: flags.milliseconds('leader-elect-renew-deadline', '10s'),
      retryMs: flags.milliseconds('leader-elect-retry-period', '2s'),
      log,
    });
    await election.acquire();
    void election.hold().then(() => {
      log('leaderelection lost');
      process.exit(1);
    });
  }
  for (;;) {
    await options.round().catch((error: unknown) => log(`a round failed: ${messageOf(error)}`));
    await sleep(roundMs);
  }
}
