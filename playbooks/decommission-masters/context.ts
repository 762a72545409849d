/** What the steps of this playbook are made from. */
import type { Once, Secret, Task } from '../../core';
import type * as etcd from '../../modules/etcd';
import type * as kube from '../../modules/kube';
import type * as nginx from '../../modules/nginx';
import type * as pki from '../../modules/pki';
import type { Unit } from '../../modules/systemd';
import type { MasterReading } from '../steps/masters';
import type { Decision } from './decision';
import type { Vars } from './vars';
import type { World } from './world';

export interface Context {
  /** Id of this run, for names of backups. */
  readonly runId: string;
  readonly vars: Vars;
  readonly world: World;
  /** What will be done; the same for all hosts. */
  readonly decision: Once<Decision>;
  /** An administrator's credentials, from each kept master. */
  readonly credentials: Task<kube.Credentials>;
  /** The CA with its key, from each kept master that has it. */
  readonly authority: Task<pki.Authority | undefined>;
  /** The same of etcd's CA, where it has its own. */
  readonly etcdAuthority: Task<pki.Authority | undefined>;
  /** What each master's units say. */
  readonly reading: Task<MasterReading>;
  /** These units: etcd, API server, controller-manager, scheduler. */
  readonly units: Task<readonly Unit[]>;
  /** The configuration of each node's nginx, before any change. */
  readonly conf: Task<nginx.NginxReading>;
  /** What etcd looked like before any change, from each kept master. */
  readonly health: Task<etcd.Health>;
  /** A service-account token from before any change, from each kept master. */
  readonly token: Task<Secret | undefined>;
  /** The upstream of each node's nginx, before any change. */
  readonly upstream: Task<nginx.Upstream>;
}
