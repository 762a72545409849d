/** The transport that the command line's options ask for. */
import type { Host } from '../inventory/host';
import type { Secret } from '../secret';
import type { Transport } from '../transport/connection';
import { createTransport } from '../transport/open';
import type { Watch } from '../transport/watch';
import type { ReachOptions } from './options';

const CONNECT_TIMEOUT_MS = 15_000;

export interface Reach {
  readonly runId: string;
  readonly options: ReachOptions;
  /** For sudo, on hosts whose inventory names none. */
  readonly password: Secret | undefined | Promise<Secret | undefined>;
  readonly notice: (host: Host, text: string) => void;
  /** Told what the connections do. */
  readonly watch?: Watch | undefined;
}

/** Opens nothing yet; whoever has it closes it. */
export function transportFor({ runId, options, password, notice, watch }: Reach): Transport {
  return createTransport({
    runId, notice,
    hostKey: options.hostKey,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    becomePassword: async () => await password,
    ...(watch === undefined ? {} : { watch }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
  });
}
