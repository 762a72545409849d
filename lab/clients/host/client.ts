import { createWriteStream } from 'node:fs';

import type { ClientConfig, Sample } from './protocol';
import { parseConfig } from './protocol';
import type { Send } from './request';
import { sender } from './request';

/**
 * A client of the API that never tries again: it reads and writes at a fixed rate, each request on a new connection,
 * however slow the ones before are, and logs each. It ends at SIGTERM or when its time is over.
 */
function client(config: ClientConfig): void {
  const send = sender(config);
  const log = createWriteStream(config.log, { flags: 'a' });
  const open = new Set<Promise<void>>();
  let sent = 0;
  let lastKey: string | undefined;

  const tick = (): void => {
    sent += 1;
    const isWrite = config.writeEvery > 0 && sent % config.writeEvery === 0;
    const key = isWrite ? `${config.id}-${sent}` : lastKey;
    const pending = one(send, config, isWrite ? { kind: 'write', key: `${config.id}-${sent}` } : { kind: 'read', key }).then((sample) => {
      if (sample.kind === 'write' && sample.ok) lastKey = sample.key;
      log.write(`${JSON.stringify(sample)}\n`);
      open.delete(pending);
    });
    open.add(pending);
  };

  const timer = setInterval(tick, 1000 / config.rate);
  const stop = (): void => {
    clearInterval(timer);
    void Promise.all(open).then(() => log.end(() => process.exit(0)));
  };
  process.once('SIGTERM', stop);
  setTimeout(stop, config.seconds * 1000).unref();
}

/** A write makes a ConfigMap of its own; a read gets the last one whose write was acknowledged. */
async function one(send: Send, config: ClientConfig, what: { kind: 'read' | 'write'; key: string | undefined }): Promise<Sample> {
  const t = Date.now();
  const start = performance.now();
  const base = `/api/v1/namespaces/${config.namespace}`;
  const outcome = what.kind === 'write'
    ? await send('POST', `${base}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: what.key }, data: { sent: String(t) } })
    : await send('GET', what.key === undefined ? base : `${base}/configmaps/${what.key}`);
  const ms = Math.round(performance.now() - start);
  const key = what.key === undefined ? {} : { key: what.key };
  if (outcome.ok) return { t, kind: what.kind, ok: true, ms, ...key };
  return { t, kind: what.kind, ok: false, ms, ...key, error: outcome.error, text: outcome.text };
}

client(parseConfig(process.argv[2] ?? '{}'));
