/** A Lease that tells everybody who is at work on the cluster. @see https://kubernetes.io/docs/concepts/architecture/leases/ */
import { check, live, resource } from '../../core/module';
import type { Change } from '../../core/module';
import { leaseSchema } from './objects';
import type { AccessParams } from './queries';
import { ask, askJson } from './request';

export interface LeaseParams extends AccessParams {
  /** Name of the Lease in kube-system. */
  readonly name: string;
  /** Who holds it; the run. */
  readonly holder: string;
  readonly state?: 'held' | 'absent';
}

interface LeaseState { readonly holder: string | undefined; readonly version: string | undefined }

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';

/**
 * Holds a Lease, or sees it gone. It is a sign for people and other tools; what keeps two runs apart are the locks on the hosts. So a Lease of
 * another run is taken over: that run holds no lock any more, or this one would not have come so far.
 */
export const lease = resource<LeaseParams, LeaseState>({
  name: 'kube.lease',
  reach: 'cluster',
  subject: ({ name }) => `lease kube-system/${name}`,
  inspect: ({ access, name }) => live(async on => {
    const { status, text } = await ask(on, access, { method: 'GET', path: leasePath(name) });
    if (status !== 200) return { holder: undefined, version: undefined };
    const { metadata, spec } = leaseSchema.parse(JSON.parse(text));
    return { holder: spec?.holderIdentity ?? '', version: metadata.resourceVersion };
  }),
  diff: (state, params) => diffLease(state.holder, params),
  // A sign that the run is at work: nobody wants an old one back, and the next run takes over one that was left.
  undo: () => [],
  apply: async (on, { params: { access, name, holder, state: wanted = 'held' }, state }) => {
    if (wanted === 'absent') {
      await askJson(on, access, { method: 'DELETE', path: leasePath(name) }, [200, 404]);
      return;
    }
    const now = new Date().toISOString().replace('Z', '000Z');
    const metadata = { name, namespace: 'kube-system', ...(state.version === undefined ? {} : { resourceVersion: state.version }) };
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: { holderIdentity: holder, acquireTime: now, renewTime: now, leaseDurationSeconds: 3600 } };
    await askJson(on, access, state.version === undefined ? { method: 'POST', path: LEASES, body } : { method: 'PUT', path: leasePath(name), body });
  },
});

/** A Lease is held by this one, as it was written. Read at the end of a run, it proves that what was acknowledged at its beginning survived. */
export const leaseHeld = check<Pick<LeaseParams, 'access' | 'name' | 'holder'>, true>({
  name: 'kube.leaseHeld',
  subject: ({ name }) => `lease kube-system/${name}`,
  inspect: ({ access, name, holder }) => live(async on => {
    const { status, text } = await ask(on, access, { method: 'GET', path: leasePath(name) });
    const found = status === 200 ? leaseSchema.parse(JSON.parse(text)).spec?.holderIdentity ?? '' : undefined;
    return found === holder ? { ok: true, value: true } : { ok: false, reason: `the lease kube-system/${name} is ${found === undefined ? 'gone' : `held by ${found || 'nobody'}`}, and ${holder} had written it` };
  }),
});

/** Path of a Lease in the API. */
export function leasePath(name: string): string {
  return `${LEASES}/${name}`;
}

/** What is not as wanted about a lease. */
export function diffLease(holder: string | undefined, params: Pick<LeaseParams, 'name' | 'holder' | 'state'>): readonly Change[] {
  const wanted = params.state === 'absent' ? undefined : params.holder;
  if (holder === wanted) return [];
  return [{ resource: `lease kube-system/${params.name}`, property: 'holder', from: holder ?? null, to: wanted ?? null }];
}
