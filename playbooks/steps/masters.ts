/** What a master's units say about its components: certificates, keys, URLs, directories. Read from the units, never assumed. */

/** A unit as far as this file needs it; `systemd.unit` gives one. */
export interface UnitView {
  /** The unit's full name. */
  readonly name: string;
  readonly exists: boolean;
  readonly active: boolean;
  readonly enabled: boolean;
  /** The value of a flag of its ExecStart, `--etcd-servers`, after EnvironmentFiles; the last one where it is given twice. */
  readonly flag: (name: string) => string | undefined;
  /** The value of an environment variable that the unit sets. */
  readonly variable: (name: string) => string | undefined;
}

/** A certificate file with its key. */
export interface Pair { readonly cert: string; readonly key: string }

/** What a setting of etcd is written as: a flag, a variable of the unit, or a line of the configuration file (`undefined`: there is none, or not with all of it). */
export type SettingPlace = { readonly kind: 'flag' } | { readonly kind: 'variable'; readonly name: string } | { readonly kind: 'file'; readonly path: string; readonly line: string | undefined };

/** etcd's configuration file. */
export interface ConfigFile { readonly path: string; readonly text: string; readonly settings: Readonly<Record<string, unknown>> }

export interface EtcdFacts {
  readonly name: string;
  readonly dataDir: string;
  readonly peerUrl: string;
  readonly clientUrls: readonly string[];
  readonly initialCluster: string | undefined;
  /** Where that stands, for who wants to edit it. */
  readonly initialClusterIn: SettingPlace;
  /** `--initial-cluster-state`; `undefined` where it is not said, which means `new`. */
  readonly initialState: string | undefined;
  readonly initialStateIn: SettingPlace;
  /** Its configuration file, where it has one: flags and variables then count for nothing. */
  readonly configFile: string | undefined;
  readonly server: Pair;
  readonly peer: Pair;
  readonly ca: string;
  readonly active: boolean;
  readonly enabled: boolean;
}

export interface ApiserverFacts {
  readonly etcdServers: string;
  readonly etcdClient: Pair;
  readonly etcdCa: string;
  readonly serving: Pair;
  readonly kubeletClient: Pair | undefined;
  readonly port: number;
  /** The address it is reached at from other hosts, where the unit says one. */
  readonly advertised: string | undefined;
  readonly saVerify: readonly string[];
  readonly saSign: string | undefined;
  readonly reconciler: string;
  readonly active: boolean;
  readonly enabled: boolean;
}

export interface ControllerFacts {
  readonly saSign: string | undefined;
  /** The CA's key by which the controller-manager signs certificates of nodes. */
  readonly signingKey: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly active: boolean;
  readonly enabled: boolean;
}

export interface MasterFacts {
  readonly etcd: EtcdFacts;
  readonly apiserver: ApiserverFacts;
  readonly controllerManager: ControllerFacts;
  readonly scheduler: ControllerFacts;
}

export interface MasterUnits { readonly etcd: UnitView; readonly apiserver: UnitView; readonly controllerManager: UnitView; readonly scheduler: UnitView }

/** The facts of a master, or everything that is missing from its units, each a sentence. */
export type MasterReading = { readonly facts: MasterFacts } | { readonly problems: readonly string[] };

/** Reads a master's units. @param etcdConfig etcd's configuration file, where its unit names one */
export function readMaster(units: MasterUnits, etcdConfig: ConfigFile | undefined): MasterReading {
  const missing = Object.values(units).filter((unit: UnitView) => !unit.exists).map((unit: UnitView) => `there is no unit ${unit.name}; name it with --set units...`);
  if (missing.length > 0) return { problems: missing };
  const reader = new Reader();
  const facts: MasterFacts = {
    etcd: etcdFacts(units.etcd, etcdConfig, reader),
    apiserver: apiserverFacts(units.apiserver, reader),
    controllerManager: controllerFacts(units.controllerManager),
    scheduler: controllerFacts(units.scheduler),
  };
  return reader.problems.length > 0 ? { problems: reader.problems } : { facts };
}

/** All certificate pairs of a master that name hosts, each once. */
export function pairsOf({ etcd, apiserver }: MasterFacts): readonly Pair[] {
  const all = [etcd.server, etcd.peer, apiserver.etcdClient, apiserver.serving, ...(apiserver.kubeletClient === undefined ? [] : [apiserver.kubeletClient])];
  return [...new Map(all.map(pair => [pair.cert, pair])).values()];
}

class Reader {
  readonly problems: string[] = [];

  must(unit: UnitView, flag: string, value: string | undefined): string {
    if (value === undefined || value === '') this.problems.push(`${unit.name} has no ${flag}`);
    return value ?? '';
  }
}

function etcdFacts(unit: UnitView, config: ConfigFile | undefined, reader: Reader): EtcdFacts {
  // With a configuration file etcd ignores flags and environment. @see https://etcd.io/docs/v3.4/op-guide/configuration/
  const setting = (name: string): string | undefined => (config === undefined
    ? unit.flag(`--${name}`) ?? unit.variable(variableName(name))
    : textOf(config.settings[name]));
  const security = (section: 'client' | 'peer', name: string): string | undefined => {
    const part = config?.settings[`${section}-transport-security`];
    return typeof part === 'object' && part !== null ? textOf((part as Record<string, unknown>)[name]) : undefined;
  };
  const must = (name: string, fallback?: string): string => reader.must(unit, `--${name}`, setting(name) ?? fallback);
  return {
    name: must('name'),
    dataDir: must('data-dir'),
    peerUrl: must('initial-advertise-peer-urls').split(',')[0] ?? '',
    clientUrls: must('advertise-client-urls').split(','),
    initialCluster: setting('initial-cluster'),
    initialClusterIn: placeOf('initial-cluster', unit, config),
    initialState: setting('initial-cluster-state'),
    initialStateIn: placeOf('initial-cluster-state', unit, config),
    configFile: config?.path,
    server: { cert: must('cert-file', security('client', 'cert-file')), key: must('key-file', security('client', 'key-file')) },
    peer: { cert: must('peer-cert-file', security('peer', 'cert-file')), key: must('peer-key-file', security('peer', 'key-file')) },
    ca: must('trusted-ca-file', security('client', 'trusted-ca-file')),
    active: unit.active,
    enabled: unit.enabled,
  };
}

/** etcd takes `ETCD_INITIAL_CLUSTER` for `--initial-cluster`. */
function variableName(flag: string): string {
  return `ETCD_${flag.toUpperCase().replaceAll('-', '_')}`;
}

function placeOf(setting: string, unit: UnitView, config: ConfigFile | undefined): SettingPlace {
  if (config === undefined) return unit.flag(`--${setting}`) === undefined && unit.variable(variableName(setting)) !== undefined ? { kind: 'variable', name: variableName(setting) } : { kind: 'flag' };
  const value = textOf(config.settings[setting]);
  const [line, other] = config.text.split(/\r?\n/).filter(each => each.startsWith(`${setting}:`));
  // The value, quoted or not, and nothing but a comment behind it: who edits the line may take the first place where the value stands.
  const [, , written] = /^\s+(["']?)(.*?)\1\s*(?:\s#.*)?$/.exec(line?.slice(setting.length + 1) ?? '') ?? [];
  const isWhole = other === undefined && value !== undefined && value !== '' && written === value;
  return { kind: 'file', path: config.path, line: isWhole ? line : undefined };
}

function apiserverFacts(unit: UnitView, reader: Reader): ApiserverFacts {
  const must = (name: string): string => reader.must(unit, `--${name}`, unit.flag(`--${name}`));
  const kubelet = { cert: unit.flag('--kubelet-client-certificate'), key: unit.flag('--kubelet-client-key') };
  return {
    etcdServers: must('etcd-servers'),
    etcdClient: { cert: must('etcd-certfile'), key: must('etcd-keyfile') },
    etcdCa: must('etcd-cafile'),
    serving: { cert: must('tls-cert-file'), key: must('tls-private-key-file') },
    kubeletClient: kubelet.cert === undefined || kubelet.key === undefined ? undefined : { cert: kubelet.cert, key: kubelet.key },
    port: Number(unit.flag('--secure-port') ?? '6443'),
    advertised: unit.flag('--advertise-address'),
    saVerify: (unit.flag('--service-account-key-file') ?? '').split(',').filter(path => path !== ''),
    saSign: unit.flag('--service-account-signing-key-file'),
    reconciler: unit.flag('--endpoint-reconciler-type') ?? 'lease',
    active: unit.active,
    enabled: unit.enabled,
  };
}

function controllerFacts(unit: UnitView): ControllerFacts {
  return {
    saSign: unit.flag('--service-account-private-key-file'), signingKey: unit.flag('--cluster-signing-key-file'), kubeconfig: unit.flag('--kubeconfig'),
    active: unit.active, enabled: unit.enabled,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
