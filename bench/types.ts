/** What the parts of the benchmark say to each other. */

/** Who does the work. `shell` is a loop over ssh with ControlMaster; `ssh` does no work at all and is the floor. */
export type PeerName = 'runsheet' | 'ansible' | 'mitogen' | 'shell' | 'ssh';

/**
 * What is timed. `unchanged`: everything is as it shall be. `first`: the hosts know nothing of the service. `changes`: they have its version 1 and get
 * version 2, which is ten changes and a restart on each of them.
 */
export type Work = 'unchanged' | 'first' | 'changes';

/** Versions of the service, as `lab/everyday/everyday.ts` has them. */
export type Version = 'v1' | 'v2';

/** A host as it is reached from a place. */
export interface Target {
  readonly name: string;
  readonly address: string;
  /** Type and key as known_hosts has them. */
  readonly hostKey: string;
}

/** Where a run happens: a network namespace, and hosts as they are reached from there. */
export interface Place {
  /** Path of the namespace. */
  readonly netns: string;
  readonly targets: readonly Target[];
  /** The same hosts as an inventory that Runsheet and Ansible read, as lines "NAME ADDRESS", and their keys. */
  readonly inventory: string;
  readonly list: string;
  readonly knownHosts: string;
  readonly keyFile: string;
}

/** One run of a peer. */
export interface Job {
  readonly place: Place;
  readonly version: Version;
  /** An empty folder of this run's own: nothing of an earlier run (an open connection, say) is in it. */
  readonly folder: string;
  /** After so many milliseconds the run is killed. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** What a run did, by the peer's own account. */
export interface Outcome {
  /** Seconds from the start of the process to its end. */
  readonly seconds: number;
  /** Tasks that changed something, over all hosts. */
  readonly changed: number;
  /** What went wrong, one line each. */
  readonly problems: readonly string[];
}

/** Somebody who does the work. */
export interface Peer {
  readonly name: PeerName;
  /** For the tables. */
  readonly title: string;
  /** Its version in words. @throws when it cannot be had here; the message says why */
  readonly ready: () => Promise<string>;
  readonly run: (job: Job) => Promise<Outcome>;
}

/** What was measured of a peer in one case. */
export interface Cell {
  readonly peer: PeerName;
  readonly work: Work;
  readonly hosts: number;
  /** Delay each way, 0 for the lab's own network. */
  readonly delayMs: number;
  /** One for each run, in order; none where `why` says why not. */
  readonly seconds: readonly number[];
  readonly why?: string;
}

/** What went over a delayed link. */
export interface Traffic {
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Changes of the direction in which data goes: half a round trip each. */
  readonly turns: number;
}

/** One host behind the proxy: the same run without and with the delay. */
export interface LinkCell extends Traffic {
  readonly peer: PeerName;
  readonly delayMs: number;
  readonly near: readonly number[];
  readonly far: readonly number[];
  readonly why?: string;
}

/** Many addresses, one process of Runsheet. */
export interface CrowdCell {
  readonly addresses: number;
  readonly work: 'unchanged' | 'first';
  readonly seconds: readonly number[];
  /** Processor time of the controller's process, user and system, in seconds. */
  readonly cpu: readonly number[];
  /** The most memory that it had, in MB. */
  readonly memory: readonly number[];
  readonly why?: string;
}

/** `ssh ADDRESS true` on the same addresses, so many at a time as Runsheet takes hosts. */
export interface CrowdFloor { readonly addresses: number; readonly seconds: readonly number[]; readonly why?: string }

/** All that the benchmark found. */
export interface Findings {
  /** ISO 8601. */
  readonly at: string;
  readonly commit: string;
  readonly machine: string;
  /** Load of the machine when the lab was up and nothing ran yet, as uptime(1) says it: of the last minute. */
  readonly load: number;
  readonly minutes: number;
  readonly peers: readonly { readonly name: PeerName; readonly title: string; readonly version: string }[];
  readonly missing: readonly { readonly title: string; readonly why: string }[];
  readonly cells: readonly Cell[];
  readonly links: readonly LinkCell[];
  readonly crowd: readonly CrowdCell[];
  readonly floors: readonly CrowdFloor[];
  /** Runs that did not do what they should have; empty when all figures stand for the same work. */
  readonly problems: readonly string[];
}
