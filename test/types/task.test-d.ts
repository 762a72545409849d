/** Types are tested as code: this file is compiled by `npm run check`, never run. */
import { all, from, once, task, type Host, type Unreachable, type ValueOf } from '../../core';
import type { Query, Resource, Applied, Confirm } from '../../core/module';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function same<A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void { /* the check is in the type */ }

interface Member { readonly id: string }
declare const members: () => Query<readonly Member[]>;
declare const service: (params: { readonly unit: string; readonly state?: 'started' | 'stopped' }) => Resource<Applied>;
declare const confirm: () => Confirm<true>;
declare const h: Host;

const list = task('List', members(), { runOnce: true });
same<ValueOf<typeof list>, readonly Member[]>();

const leave = task('Leave', ({ members: known, host }) => {
  same<typeof known, readonly Member[]>();
  same<typeof host, Host>();
  return service({ unit: `etcd@${known.length}` });
}, { uses: { members: once(list) }, when: ({ members: known }) => known.length > 1, tags: ['etcd'] });
same<ValueOf<typeof leave>, Applied | undefined>();

const several = task('Several', ({ everyone, other, maybe }) => {
  same<typeof everyone, ReadonlyMap<Host, readonly Member[] | Unreachable>>();
  same<typeof other, readonly Member[]>();
  same<typeof maybe, Applied | undefined>();
  return [service({ unit: 'a' }), service({ unit: 'b' })];
}, { uses: { everyone: all(list), other: from(h, list), maybe: leave } });
same<ValueOf<typeof several>, readonly Applied[]>();

const until = task('Poll', members(), { until: seen => seen.length === 3, retries: 5, delay: '2s' });
same<ValueOf<typeof until>, readonly Member[]>();
const ask = task('Ask', confirm());
same<ValueOf<typeof ask>, true>();

// @ts-expect-error a wrong state is found at compile time
task('Wrong', service({ unit: 'a', state: 'stoped' }));
// @ts-expect-error a raw string is no action
task('Wrong', 'systemctl restart x');
// @ts-expect-error a value of a task with `when` may be missing
task('Missing', ({ gone }) => service({ unit: String(gone.changed) }), { uses: { gone: leave } });
// @ts-expect-error a duration needs its unit
task('Bare', members(), { timeout: 30 });
