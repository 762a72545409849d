/** What a lab is: the words that the lab's own files, its tests and the cluster on top of it share. */

/** `master` and `node` are the hosts of a Kubernetes cluster; `plain` is a host with nothing but the base system. */
export type HostRole = 'master' | 'node' | 'plain';

/** A file or link that is put into a host's root before it boots. Missing parent directories are made, root-owned 0755. */
export type ExtraFile =
  | {
    /** Absolute path on the host. */
    readonly path: string;
    readonly content: string | Uint8Array;
    /** Permission bits, 0o644 unless said. */
    readonly mode?: number;
  }
  | {
    /** Absolute path on the host of a symbolic link. */
    readonly path: string;
    /** What the link points to; an existing file at `path` is replaced. */
    readonly link: string;
  };

/** A file or directory of this machine that a host sees at `target`. */
export interface Bind {
  readonly source: string;
  /** Absolute path on the host; the same as `source` unless said. */
  readonly target?: string;
  /** False unless said: a host cannot change this machine's files. */
  readonly writable?: boolean;
}

/** A host to boot. `planHosts` makes these; add files and binds to them before `labUp`. */
export interface HostSpec {
  /** The inventory name and the host name: m1.., n1.., p1... */
  readonly name: string;
  readonly role: HostRole;
  /** IPv4 address in the lab's network. */
  readonly address: string;
  readonly extraFiles?: readonly ExtraFile[];
  readonly binds?: readonly Bind[];
}

/** The user that SSH logs in as. Any other name than `root` is made, with sudo, and root's login is then refused. */
export interface LabUser {
  readonly name: string;
  /** The password that sudo asks for; none: sudo asks for nothing (NOPASSWD). Of no use for `root`. */
  readonly sudoPassword?: string;
}

/** What to boot. */
export interface LabOptions {
  /** Which lab; `default` unless said. Labs do not see each other, though all use the same addresses. */
  readonly name?: string;
  readonly hosts: readonly HostSpec[];
  /** `root` unless said. */
  readonly user?: LabUser;
  /** Debian packages for the root besides the usual ones (another set makes another root in the cache). */
  readonly packages?: readonly string[];
  /** Told each step, one line without a newline. */
  readonly progress?: (line: string) => void;
  /** Stops the start; what was begun is taken down again. */
  readonly signal?: AbortSignal;
}

/** A host of a lab that is up. */
export interface LabHost {
  readonly name: string;
  readonly role: HostRole;
  readonly address: string;
  /** The host's network namespace, as `ip netns` names it. */
  readonly netns: string;
  /** Directory with the overlay (`upper`, `work`, `root`) and `console.log`. */
  readonly dir: string;
  /** The control group that holds every process of the host, absolute path. */
  readonly cgroup: string;
  readonly binds: readonly Bind[];
}

/** A lab that is up (or half up, after a kill): the manifest as it lies in the lab's directory. */
export interface Lab {
  readonly version: 1;
  readonly name: string;
  /** Everything the lab keeps, on a tmpfs of its own. */
  readonly dir: string;
  /** The namespace with the bridge, where the controller's commands run. */
  readonly netns: string;
  /** `172.72.0.0/24`. */
  readonly subnet: string;
  /** The lower layer of every host. */
  readonly root: string;
  readonly user: LabUser;
  readonly hosts: readonly LabHost[];
  /** Private key of `user`, ed25519, no passphrase. */
  readonly keyFile: string;
  readonly knownHosts: string;
  /** Ansible INI: groups masters, nodes, plain. */
  readonly inventory: string;
  /** Holds the sudo password, 0600; absent when none is asked for. */
  readonly becomePasswordFile?: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** How a command is run in the lab or on a host. */
export interface ExecOptions {
  /** Exit codes that are answers; any other throws. `[0]` unless said; `any` takes all. */
  readonly expect?: readonly number[] | 'any';
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Time limit in milliseconds, 60,000 unless said. */
  readonly timeoutMs?: number;
  /** Kills the command. */
  readonly signal?: AbortSignal;
}

/** What a command answered. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
