/** The playbooks of which check mode is compared with the run that follows it, and what each of them needs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExtraFile } from '../../../lab/lab';
import { everydayHost } from './everyday-host';

/** One of them. */
export interface CorpusPlaybook {
  /** Names of the tasks that check mode cannot tell; all others it has to tell exactly. */
  readonly unknown: readonly string[];
  /** An inventory that says more of the host `p1` than the lab's, a file beside the playbooks of the corpus. */
  readonly inventory?: string;
}

/** By their paths, in the order in which they run on one host. */
export const CORPUS: Readonly<Record<string, CorpusPlaybook>> = {
  'lab/everyday/everyday.ts': { unknown: ['Look at the identity', 'handlers/Restart the service'] },
  'test/lab/corpus/files.ts': { unknown: [] },
  'test/lab/corpus/commands.ts': { unknown: ['Read what changes', 'Use it'] },
  'test/lab/corpus/units.ts': { unknown: ['Is it active'] },
  'test/lab/corpus/nginx.ts': { unknown: [] },
  'test/lab/corpus/keys.ts': { unknown: ['Look at the new one', 'Tell of it'] },
  'playbooks/static-site.ts': { unknown: [], inventory: 'web.ini' },
};

/** What the host of the corpus has at first. */
export function corpusFiles(): readonly ExtraFile[] {
  return [
    ...everydayHost,
    { path: '/etc/systemd/system/var.service', content: '[Service]\nEnvironment=MODE=a\nExecStart=/opt/daemon --mode\n[Install]\nWantedBy=multi-user.target\n' },
    { path: '/etc/nginx/conf.d/other.conf', content: 'upstream other { server 127.0.0.1:9095; }\n' },
    { path: '/etc/corpus.conf', content: 'colour = blue\n', mode: 0o644 },
    { path: '/etc/corpus.old', content: 'old\n' },
    { path: '/etc/corpus.d/a', content: 'a\n' },
    ...authority(),
  ];
}

/** A CA of its own, with one profile. */
function authority(): readonly ExtraFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'runsheet-ca-'));
  try {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=corpus', '-days', '30',
      '-addext', 'keyUsage=critical,keyCertSign,cRLSign'], { stdio: 'pipe' });
    const config = { signing: { default: { expiry: '240h', usages: ['signing', 'key encipherment', 'server auth'] } } };
    return [
      { path: '/etc/ca/ca.pem', content: readFileSync(cert, 'utf8') },
      { path: '/etc/ca/ca-key.pem', content: readFileSync(key, 'utf8'), mode: 0o600 },
      { path: '/etc/ca/ca-config.json', content: JSON.stringify(config) },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
