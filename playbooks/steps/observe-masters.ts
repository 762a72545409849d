/** Tasks that read what a master is: its units, what their flags name, certificates, keys. Other playbooks use them too. */
import { task, type Task } from '../../core';
import { live, query } from '../../core/module';
import { cmd } from '../../core/transport/command';
import { parseYaml } from '../../core/yaml';
import * as pki from '../../modules/pki';
import * as systemd from '../../modules/systemd';
import * as value from '../../modules/value';
import { pairsOf, readMaster, type ConfigFile, type MasterFacts, type MasterReading, type UnitView } from './masters';

/** Names of the units of a master. */
export interface MasterUnitNames { readonly etcd: string; readonly apiserver: string; readonly controllerManager: string; readonly scheduler: string }

/** A service-account key file and the hash of its public key; `undefined` where there is no such file. */
export interface ServiceAccountKey { readonly path: string; readonly sha256: string | undefined }

export interface MasterObservation {
  /** In order, for a play over masters. */
  readonly tasks: readonly Task<unknown>[];
  /** The four units, in the order of `MasterUnitNames`. */
  readonly units: Task<readonly systemd.Unit[]>;
  readonly reading: Task<MasterReading>;
  readonly certificates: Task<readonly pki.CertificateFile[]>;
  readonly saKeys: Task<readonly ServiceAccountKey[]>;
  /** Why the running API server is not what its unit says; empty when it is, or when none runs. */
  readonly stale: Task<readonly string[]>;
}

/** The tasks that read masters. A unit that is not there ends them for that host. */
export function observeMasters(names: MasterUnitNames): MasterObservation {
  const etcd = task('Read the unit of etcd', systemd.unit({ unit: names.etcd }));
  const apiserver = task('Read the unit of the API server', systemd.unit({ unit: names.apiserver }));
  const controllerManager = task('Read the unit of the controller-manager', systemd.unit({ unit: names.controllerManager }));
  const scheduler = task('Read the unit of the scheduler', systemd.unit({ unit: names.scheduler }));
  const parts = { etcd, apiserver, controllerManager, scheduler };
  const units = task('Put the units together', seen => value.computed('the units', () => [seen.etcd, seen.apiserver, seen.controllerManager, seen.scheduler]), { uses: parts });
  const config = task('Read the configuration file of etcd', ({ etcd: unit }) => settingsFile({ path: systemd.flagOf(unit, '--config-file')?.value ?? systemd.variableOf(unit, 'ETCD_CONFIG_FILE')?.value }), { uses: { etcd } });
  const reading = task('Work out what the units name', ({ config: settings, ...of }) => value.computed('what the units name', () =>
    readMaster({ etcd: viewOf(of.etcd), apiserver: viewOf(of.apiserver), controllerManager: viewOf(of.controllerManager), scheduler: viewOf(of.scheduler) }, settings)),
  { uses: { ...parts, config } });
  const certificates = task('Read the certificates', ({ reading: master }) => pki.certificates({ paths: factsOf(master).flatMap(facts => pairsOf(facts)).map(pair => pair.cert) }), { uses: { reading } });
  const saKeys = task('Read the service-account keys', ({ reading: master }) => keyHashes({ paths: factsOf(master).flatMap(keyPaths) }), { uses: { reading } });
  const stale = task('Compare the running API server with its unit', systemd.stale({ unit: names.apiserver }));
  return { tasks: [etcd, apiserver, controllerManager, scheduler, units, config, reading, certificates, saKeys, stale], units, reading, certificates, saKeys, stale };
}

/** A unit as `readMaster` takes it. */
export function viewOf(unit: systemd.Unit): UnitView {
  return {
    name: unit.unit,
    exists: unit.load === 'loaded' || unit.load === 'masked',
    active: unit.active !== 'inactive' && unit.active !== 'failed',
    enabled: unit.boot === 'enabled' || unit.boot === 'enabled-runtime',
    flag: name => systemd.flagOf(unit, name)?.value,
    variable: name => systemd.variableOf(unit, name)?.value,
  };
}

function factsOf(reading: MasterReading): MasterFacts[] {
  return 'facts' in reading ? [reading.facts] : [];
}

function keyPaths({ apiserver, controllerManager }: MasterFacts): string[] {
  return [...new Set([...apiserver.saVerify, apiserver.saSign, controllerManager.saSign].filter(path => path !== undefined))];
}

/** A YAML file; `undefined` where no file is named. */
const settingsFile = query<{ readonly path: string | undefined }, ConfigFile | undefined>({
  name: 'etcd.configFile',
  subject: ({ path }) => path ?? 'no configuration file',
  inspect: ({ path }) => live(async on => {
    if (path === undefined) return undefined;
    const text = (await on.read(path)).toString('utf8');
    const parsed = parseYaml(text, `${on.host.name}:${path}`);
    return { path, text, settings: typeof parsed === 'object' && parsed !== null ? { ...parsed } : {} };
  }),
});

const keyHashes = query<{ readonly paths: readonly string[] }, readonly ServiceAccountKey[]>({
  name: 'pki.keys',
  subject: ({ paths }) => paths.join(', ') || 'no key files',
  inspect: ({ paths }) => live(async on => {
    const files = await Promise.all(paths.map(async path => {
      // A master that left may have had its keys deleted.
      if ((await on.run(cmd`test -e ${path}`, { expect: [0, 1] })).code === 1) return [{ path, sha256: undefined }];
      return (await pki.readKey(on, path)).all.map(each => ({ path, sha256: each.sha256 }));
    }));
    return files.flat();
  }),
});
