/** What the steps of this playbook are made from. */
import { once, type Once, type Task } from '../../core';
import type * as kube from '../../modules/kube';
import type * as nginx from '../../modules/nginx';
import type * as pki from '../../modules/pki';
import type { Decision } from './decision';
import type { Vars } from './vars';
import type { World } from './world';

export interface Context {
  readonly vars: Vars;
  readonly world: World;
  readonly decision: Once<Decision>;
  readonly credentials: Task<kube.Credentials>;
  readonly authority: Task<pki.Authority | undefined>;
  readonly upstream: Task<nginx.UpstreamReading>;
}
