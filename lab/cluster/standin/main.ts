import { apiserver } from './apiserver';
import { controllerManager } from './controller-manager';
import { Flags } from './flags';
import { kubelet } from './kubelet';
import type { Log } from './log';
import { logFor, messageOf } from './log';
import { scheduler } from './scheduler';

const components: Readonly<Record<string, (flags: Flags, log: Log) => Promise<void>>> = {
  'kube-apiserver': apiserver,
  'kube-controller-manager': controllerManager,
  'kube-scheduler': scheduler,
  kubelet,
};

/**
 * Runs a component of the stand-in with the flags of the process' command line.
 * @param name kube-apiserver, kube-controller-manager, kube-scheduler or kubelet.
 */
export function main(name: string): void {
  const log = logFor(name);
  const component = components[name];
  const run = async (): Promise<void> => {
    if (component === undefined) throw new Error(`the stand-in has no ${name}`);
    await component(new Flags(process.argv.slice(2)), log);
  };
  run().catch((error: unknown) => {
    log(`stops: ${messageOf(error)}`);
    process.exit(1);
  });
}
