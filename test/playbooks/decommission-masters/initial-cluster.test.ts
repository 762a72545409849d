import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bootstrapOf } from '../../../playbooks/decommission-masters/edits';
import { bootstrapEdit } from '../../../playbooks/decommission-masters/initial-cluster';
import { readMaster, type MasterFacts, type UnitView } from '../../../playbooks/steps/masters';
import { localTarget } from '../../support/local-target';
import { carryOut } from '../../support/module';

const ALL = 'm1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380';
const KEPT = 'm1=https://10.0.0.1:2380';
const REST = 'initial-advertise-peer-urls: https://10.0.0.1:2380\nadvertise-client-urls: https://10.0.0.1:2379\ndata-dir: /d\ncert-file: /c\nkey-file: /k\npeer-cert-file: /c\npeer-key-file: /k\ntrusted-ca-file: /ca\n';

const unit = (flags: Readonly<Record<string, string>> = {}): UnitView => ({ name: 'u', exists: true, active: true, enabled: true, flag: flag => flags[flag], variable: () => undefined });
const apiserver = unit({ '--etcd-servers': 'https://10.0.0.1:2379', '--etcd-certfile': '/c', '--etcd-keyfile': '/k', '--etcd-cafile': '/ca', '--tls-cert-file': '/c', '--tls-private-key-file': '/k' });

/** What a master's files say, read as pre-flight reads them. */
function read(path: string): MasterFacts {
  const text = readFileSync(path, 'utf8');
  const reading = readMaster({ etcd: unit(), apiserver, controllerManager: unit(), scheduler: unit() }, { path, text, settings: parse(text) as Record<string, unknown> });
  if (!('facts' in reading)) throw new Error(reading.problems.join('; '));
  return reading.facts;
}

describe('a configuration file of etcd', () => {
  const on = localTarget();
  const dir = mkdtempSync(join(tmpdir(), 'runsheet-etcd-'));
  const path = join(dir, 'etcd.yml');
  afterAll(() => rmSync(dir, { recursive: true }));

  test.each<[string, string, string]>([
    ['both', `name: m1\ninitial-cluster: ${ALL}  # all\ninitial-cluster-state: 'new' # new or existing\n${REST}`, `name: m1\ninitial-cluster: ${KEPT}  # all\ninitial-cluster-state: 'existing' # new or existing\n${REST}`],
    ['no state, added below', `name: m1\ninitial-cluster: "${ALL}"\n${REST}`, `name: m1\ninitial-cluster: "${KEPT}"\ninitial-cluster-state: existing\n${REST}`],
    ['line ends of Windows', `name: m1\r\ninitial-cluster: ${ALL}\r\n${REST}`, `name: m1\r\ninitial-cluster: ${KEPT}\r\ninitial-cluster-state: existing\r\n${REST}`],
    ['only the state left to edit', `name: m1\ninitial-cluster: ${KEPT}\ninitial-cluster-state: new\n${REST}`, `name: m1\ninitial-cluster: ${KEPT}\ninitial-cluster-state: existing\n${REST}`],
    ['nothing left to edit', `name: m1\ninitial-cluster: ${KEPT}\ninitial-cluster-state: existing\n${REST}`, `name: m1\ninitial-cluster: ${KEPT}\ninitial-cluster-state: existing\n${REST}`],
  ])('is edited once, every other byte kept: %s', async (_what, before, after) => {
    writeFileSync(path, before);
    const edits = (): ReturnType<typeof bootstrapEdit>[] => bootstrapOf(read(path), { leavingNames: ['10.0.0.2'] }).map(setting => bootstrapEdit('etcd', setting));
    // As a run does it: both are planned before the first is made.
    const changed = [];
    for (const edit of edits()) changed.push((await carryOut(edit, on)).changed);
    expect(readFileSync(path, 'utf8')).toBe(after);
    expect(changed.includes(true)).toBe(before !== after);
    for (const edit of edits()) expect((await carryOut(edit, on)).changed).toBe(false);
  });

  test('whose line became another one since it was read is left alone', async () => {
    writeFileSync(path, `name: m1\ninitial-cluster: ${ALL}\ninitial-cluster-state: new\n${REST}`);
    const [, state] = bootstrapOf(read(path), { leavingNames: ['10.0.0.2'] }).map(setting => bootstrapEdit('etcd', setting));
    writeFileSync(path, `name: m1\ninitial-cluster: ${ALL}\ninitial-cluster-state: other\n${REST}`);
    if (state === undefined) throw new Error('the state is to be edited');
    await expect(carryOut(state, on)).rejects.toThrow(/has no line that matches/);
  });
});

test.each([
  [{ kind: 'flag' } as const, 'systemd.flag', 'etcd --initial-cluster-state'],
  [{ kind: 'variable', name: 'ETCD_INITIAL_CLUSTER_STATE' } as const, 'systemd.variable', 'etcd ETCD_INITIAL_CLUSTER_STATE'],
])('the state is edited where it is a %o', (place, module, subject) => {
  expect(bootstrapEdit('etcd', { name: 'initial-cluster-state', value: 'existing', now: 'new', place })).toMatchObject({ module, subject, problems: [] });
});
