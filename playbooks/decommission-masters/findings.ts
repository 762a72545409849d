/** What pre-flight found: everything that the decision is made from, and nothing else. */
import { isUnreachable, type Host, type Unreachable } from '../../core';
import type { HostFacts, Peer } from '../../modules/host';
import type { Member } from '../../modules/etcd';
import type { CertificateFile } from '../../modules/pki';
import type { MasterReading } from '../steps/masters';
import type { ServiceAccountKey } from '../steps/observe-masters';
import type { EditFindings } from './edits';
import type { Vars } from './vars';
import type { World } from './world';

/** What each host said; a host that could not be asked stands with the reason. */
export type PerHost<T> = ReadonlyMap<Host, T | Unreachable>;

/** A server line of the upstream. */
export interface UpstreamServer {
  /** `172.72.0.95:6443`, as written. */
  readonly address: string;
  readonly down: boolean;
}

/** The cluster of etcd, asked through a kept master. */
export interface EtcdFindings {
  readonly members: readonly MemberFinding[];
  /** What the members say that answer. */
  readonly statuses: readonly { readonly id: string; readonly version: string; readonly dbSize: number }[];
  /** What is wrong with it: alarms, learners, members out of step or silent, each a sentence. */
  readonly problems: readonly string[];
}

/** An etcd member as a kept member lists it; the id is hex. */
export type MemberFinding = Pick<Member, 'id' | 'name' | 'peerUrls' | 'isLearner'>;

/** The API, asked of one kept API server. */
export interface ApiFindings {
  readonly failing: readonly string[];
  readonly notReadyNodes: readonly string[];
  readonly endpoints: readonly string[];
  /** `v1.20.2` */
  readonly version: string;
  /** What runs that were killed left in the cluster: probe objects, a Lease. */
  readonly leftovers: readonly string[];
  readonly holders: readonly { readonly component: string; readonly host: string | undefined }[];
}

/** The CA as far as it is no secret. */
export interface AuthorityFinding { readonly notAfter: string; readonly origin: string }

export interface Findings {
  readonly world: World;
  readonly vars: Vars;
  readonly hosts: PerHost<HostFacts>;
  /** The upstream's servers on each proxy. */
  readonly upstreams: PerHost<readonly UpstreamServer[]>;
  /** What each proxy's server for the upstream listens on, as written. */
  readonly listens: PerHost<readonly string[]>;
  readonly masters: PerHost<MasterReading>;
  readonly certificates: PerHost<readonly CertificateFile[]>;
  readonly saKeys: PerHost<readonly ServiceAccountKey[]>;
  /** Is the running API server older than, or other than, its unit says? */
  readonly stale: PerHost<boolean>;
  /** Of each kept master. */
  readonly edits: PerHost<EditFindings>;
  readonly etcd: EtcdFindings | Unreachable;
  readonly api: PerHost<ApiFindings>;
  readonly authority: AuthorityFinding | Unreachable;
  /** Certificates of each kept master that would have to be signed again and that another CA issued. */
  readonly foreign: PerHost<readonly string[]>;
  /** On each leaving master: what a whole run puts aside or deletes and is still there. */
  readonly remains: PerHost<readonly string[]>;
  /** Who is connected to etcd and the API server of a leaving master. */
  readonly peers: PerHost<readonly Peer[]>;
  /** Files on each host that name a leaving API server directly. */
  readonly kubeconfigs: PerHost<readonly string[]>;
  /** Files of network plug-ins on each host that name the etcd of a leaving master. */
  readonly etcdUsers: PerHost<readonly string[]>;
}

/** The findings of those hosts that could be asked. */
export function known<T>(perHost: PerHost<T>): readonly (readonly [Host, T])[] {
  return [...perHost].flatMap(([host, value]) => (isUnreachable(value) ? [] : [[host, value] as const]));
}

/** What one host said; `undefined` where it could not be asked. */
export function of<T>(perHost: PerHost<T>, host: Host): T | undefined {
  const value = perHost.get(host);
  return value === undefined || isUnreachable(value) ? undefined : value;
}
