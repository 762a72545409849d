/** The architecture, executable: imports go one way, and each third-party library has one place. See docs/architecture.md. */
import { describe, expect, test } from 'vitest';
import { filesIn, importsOf } from './sources';

/** What each folder may import of ours; the longest matching name decides. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'core': ['core'],
  'core/cli': ['core'],
  'modules': ['modules', 'core/module', 'core/foreseen', 'core/path-facts', 'core/path-look', 'core/real-path', 'core/transport/command', 'core/transport/connection', 'core/transport/forward', 'core/transport/host-state', 'core/secret', 'core/checksum', 'core/errors', 'core/duration', 'core/yaml', 'core/inventory/host', 'core/index'],
  'playbooks': ['core', 'modules', 'inventory', 'playbooks'],
  'inventory': ['core', 'inventory'],
  'lab': ['core', 'modules', 'playbooks', 'inventory', 'lab'],
  'bench': ['core', 'modules', 'playbooks', 'inventory', 'lab', 'bench'],
};

/** Parts of core that must not know each other: modules' ground is below the run, the run below the command line. */
const NEVER: readonly (readonly [from: string, to: string])[] = [
  ['core/transport', 'core/run'], ['core/transport', 'core/report'], ['core/transport', 'core/cli'],
  ['core/inventory', 'core/run'], ['core/inventory', 'core/cli'], ['core/inventory', 'core/transport/open'],
  ['core/run', 'core/cli'], ['core/report', 'core/run'], ['core/report', 'core/cli'],
  ['core/module', 'core/run'], ['core/module', 'core/report'], ['core/module', 'core/cli'],
  ['modules', 'core/run'], ['modules', 'core/report'], ['modules', 'core/cli'],
];

/** Where a third-party library may be used. */
const FENCES: Readonly<Record<string, readonly string[]>> = {
  'ssh2': ['core/transport'],
  'listr2': ['core/report/listr.ts'],
  'handlebars': ['modules/file'],
  'node-forge': ['modules/pki'],
  '@peculiar/x509': ['modules/pki'],
  'reflect-metadata': ['modules/pki'],
  'etcd3': ['modules/etcd'],
  'cockatiel': ['modules/etcd'],
  'commander': ['core/cli', 'lab', 'bench'],
  'yaml': ['core/yaml.ts'],
  'ts-node': ['bin'],
  '@cspotcode/source-map-support': ['bin'],
};

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`) || path === folder.replace(/\.ts$/, '');

const files = ['core', 'modules', 'playbooks', 'inventory', 'lab', 'bench'].flatMap(filesIn);
const imports = files.flatMap(importsOf);
const ours = imports.filter(({ to }) => /^(bin|core|modules|playbooks|inventory|lab|bench|test)(\/|$)/.test(to));

describe('imports', () => {
  test('the sources are found', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(ours.length).toBeGreaterThan(20);
  });

  test('go one way', () => {
    const wrong = ours.filter(({ from, to }) => {
      const folder = Object.keys(MAY).filter(each => within(from, each)).sort((a, b) => b.length - a.length)[0];
      const allowed = folder === undefined ? [] : (MAY[folder] ?? []);
      return !allowed.some(each => within(to, each)) || NEVER.some(([a, b]) => within(from, a) && within(to, b));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('take the module contract from its one face', () => {
    const isPart = (path: string): boolean => path.startsWith('core/module/');
    const wrong = ours.filter(({ from, to }) => from !== 'core/module.ts' && (isPart(from) ? to === 'core/module' : isPart(to)));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('keep each library in its place', () => {
    const wrong = imports.filter(({ from, to }) => {
      const places = FENCES[to] ?? FENCES[to.split('/').slice(0, to.startsWith('@') ? 2 : 1).join('/')];
      return places !== undefined && !places.some(place => within(from, place));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });
});
