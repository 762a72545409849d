/** Check mode's word is compared with the run for every playbook and every module: in the corpus of the lab, on a cluster, or there is a reason not to. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CORPUS } from '../lab/support/corpus';
import { filesIn, importsOf } from './sources';

const ROOT = join(__dirname, '../..');

/** Playbooks that are compared by another test than `test/lab/agreement.test.ts`. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'playbooks/decommission-masters.ts': 'test/lab/decommission.test.ts',
};

/** Playbooks that are not compared, and why. */
const PLAYBOOKS: Readonly<Record<string, string>> = {
  'playbooks/cluster-check.ts': 'it only looks: its check and its run are the same',
};

const ONLY_LOOKS = 'it only looks, at a cluster';
const NEEDS_CLUSTER = 'it needs a cluster in a state of its own; test/modules/etcd has it on a real etcd';

/** Modules that no compared playbook uses, and why. */
const MODULES: Readonly<Record<string, string>> = {
  'etcd.alarmDisarmed': NEEDS_CLUSTER,
  'etcd.alarms': ONLY_LOOKS,
  'etcd.defragmented': NEEDS_CLUSTER,
  'etcd.learnerAbsent': NEEDS_CLUSTER,
  'etcd.memberAdded': NEEDS_CLUSTER,
  'etcd.members': ONLY_LOOKS,
  'etcd.promoted': NEEDS_CLUSTER,
  'kube.pods': ONLY_LOOKS,
};

const sources = new Set(['playbooks', 'modules', 'lab', 'test'].flatMap(filesIn));
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const compared = [...Object.keys(CORPUS), ...Object.keys(ELSEWHERE)];

/** A playbook with its own parts. */
function partsOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file) || file.startsWith('modules/')) return seen;
  seen.add(file);
  for (const { to } of importsOf(file)) {
    const part = [`${to}.ts`, `${to}/index.ts`].find(path => sources.has(path));
    if (part !== undefined) partsOf(part, seen);
  }
  return seen;
}

/** What a file calls of modules, `file.copy`. */
function callsIn(file: string): string[] {
  const code = text(file);
  return [...code.matchAll(/import \* as (\w+) from '[./]+modules\/(\w+)'/g)]
    .flatMap(([, name = '', subject = '']) => [...code.matchAll(new RegExp(String.raw`\b${name}\.(\w+)\(`, 'g'))].map(([, call = '']) => `${subject}.${call}`));
}

/** The modules of a subject: what its index offers under the name that its sources give it, `'file.copy'`. */
function modulesOf(subject: string): string[] {
  const offered = new Set(text(`modules/${subject}/index.ts`).match(/\w+/g));
  const named = filesIn(`modules/${subject}`).flatMap(file => [...text(file).matchAll(new RegExp(String.raw`'${subject}\.(\w+)'`, 'g'))].map(([, name = '']) => name));
  return [...new Set(named)].filter(name => offered.has(name)).map(name => `${subject}.${name}`);
}

describe('check mode is compared with the run', () => {
  const playbooks = readdirSync(join(ROOT, 'playbooks')).filter(name => name.endsWith('.ts')).map(name => `playbooks/${name}`);
  const modules = readdirSync(join(ROOT, 'modules')).filter(name => !name.startsWith('_')).flatMap(modulesOf);
  const called = new Set(compared.flatMap(file => [...partsOf(file)]).flatMap(callsIn));

  test('for every playbook, or there is a reason', () => {
    expect(playbooks.filter(file => !compared.includes(file)).sort()).toEqual(Object.keys(PLAYBOOKS));
    expect(compared.filter(file => !sources.has(file))).toEqual([]);
    for (const [playbook, file] of Object.entries(ELSEWHERE)) expect(text(file), playbook).toContain('agreementOf(');
  });

  test('for all playbooks of the corpus', () => {
    expect(filesIn('test/lab/corpus').filter(file => file.endsWith('.ts') && CORPUS[file] === undefined)).toEqual([]);
  });

  test('for every module, or there is a reason', () => {
    expect(modules.length).toBeGreaterThan(80);
    expect(modules.filter(name => !called.has(name)).sort(), 'a task with each belongs in a playbook of test/lab/corpus').toEqual(Object.keys(MODULES));
  });
});
