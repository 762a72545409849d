/** `npm run demo`: boots a cluster, lets clients ask it ten times a second, takes two of its three masters away and shows what the clients saw. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeName, loadCluster } from './cluster/cluster';
import { findKubeBinaries } from './cluster/binaries';
import { startClients, type ClientTotals } from './clients/clients';
import { failureLines } from './clients/totals';
import { describeError } from '../core/errors';
import { labDown } from './lab';
import { members, playbookPath, runsheet, upCluster } from './scenario';

const LEAVING = ['172.72.0.96', '172.72.0.97'];
const NAME = 'demo';

interface Outcome { readonly totals: ClientTotals; readonly before: readonly string[]; readonly after: readonly string[]; readonly code: number | null }

async function main(argv: readonly string[]): Promise<number> {
  const unknown = argv.filter(argument => argument !== '--keep' && argument !== '--real');
  if (unknown.length > 0) {
    process.stderr.write(`npm run demo: "${unknown.join(' ')}" is no option; there are --keep (leave the lab up) and --real (real Kubernetes, where its binaries are).\n`);
    return 1;
  }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    process.stderr.write('The demo boots real systemd hosts in network namespaces: it needs Linux and root. Elsewhere, npm run test:unit shows the runner against an in-process SSH server.\n');
    return 1;
  }
  const keep = argv.includes('--keep');
  const work = await mkdtemp(join(tmpdir(), 'runsheet-demo-'));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => { stopping.abort(); });
  try {
    return report(await decommission(work, argv.includes('--real'), stopping.signal));
  } finally {
    if (keep) say(`The lab stays up: npm run lab -- status --name ${NAME}; take it down with: npm run lab -- down --name ${NAME}`);
    else await labDown(NAME);
    await rm(work, { recursive: true, force: true });
  }
}

async function decommission(work: string, real: boolean, signal: AbortSignal): Promise<Outcome> {
  if (real && (await findKubeBinaries()) === undefined) throw new Error('--real needs Kubernetes binaries: set RUNSHEET_KUBE_DIR, or run npm run lab -- kube build.');
  const lab = await upCluster({ name: NAME, masters: 3, nodes: 2, cluster: { kube: real ? 'real' : 'stand-in' }, progress: say, signal });
  const before = await members(lab);
  say(`Three masters and two nodes are up (${kubeName(await loadCluster(lab))}). Clients on three hosts ask 127.0.0.1:8443 ten times a second each.`);
  const clients = await startClients(lab);
  const args = ['run', playbookPath('decommission-masters'), '--set', `leaving=${LEAVING.join(',')}`, '--yes'];
  const { code } = await runsheet(lab, args, { cwd: work, stdio: 'inherit' });
  const after = await members(lab);
  return { code, before, after, totals: await clients.stop() };
}

function report({ totals, before, after, code }: Outcome): number {
  const rows = [
    ['requests sent', String(totals.sent)],
    ['requests failed', String(totals.failed)],
    ['longest outage', `${totals.longestOutageMs} ms`],
    ['writes acknowledged', String(totals.acknowledged)],
    ['writes lost', String(totals.lost.length)],
    ['etcd members before', before.join(' ')],
    ['etcd members after', after.join(' ')],
  ] as const;
  process.stdout.write(`\n${rows.map(([name, value]) => `  ${name.padEnd(20)}  ${value}`).join('\n')}\n\n`);
  for (const line of failureLines(totals)) say(`  ${line}`);
  return code === 0 && totals.failed === 0 && totals.lost.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main(process.argv.slice(2)).then(
  code => { process.exitCode = code; },
  (error: unknown) => { process.stderr.write(`${describeError(error)}\n`); process.exitCode = 1; },
);
