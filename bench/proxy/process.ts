/** The proxy as a process of its own, in the lab's network: told over Node's channel what to do, gone when the channel closes. */
import { DelayingProxy } from './proxy';
import { orderOf, type Answer } from './words';

const proxy = new DelayingProxy(0);

async function obey(message: unknown): Promise<void> {
  const order = orderOf(message);
  if (order.kind === 'open') for (const route of order.routes) await proxy.open(route);
  else if (order.kind === 'delay') proxy.delayMs = order.ms;
  const answer: Answer = { traffic: proxy.take() };
  process.send?.(answer);
}

process.on('message', message => {
  obey(message).catch((error: unknown) => {
    process.stderr.write(`The proxy failed: ${String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => { process.exit(0); });
// Ctrl-C is for the benchmark: it takes the lab down, and the proxy goes with it.
process.on('SIGINT', () => undefined);
