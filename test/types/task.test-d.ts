/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unnecessary-type-parameters -- what is declared here is only looked at by the compiler */
/** Types are tested as code: this file is compiled by `npm run check`, never run. */
import { all, block, from, handler, once, play, playbook, task, type Host, type Playbook, type Unreachable, type ValueOf } from '../../core';
import { command, live, probe, query, resource, type Applied, type Confirm, type Imperative, type Query, type Resource } from '../../core/module';
import { raw } from '../../core/transport/command';
import { z } from 'zod';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
function same<A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void { /* the check is in the type */ }

interface Member { readonly id: string }
declare const members: () => Query<readonly Member[]>;
declare const service: (params: { readonly unit: string; readonly state?: 'started' | 'stopped' }) => Resource<Applied>;
declare const confirm: () => Confirm<true>;
declare const restartUnit: (unit: string) => Imperative<number>;
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

const tolerated = task('Tolerated', members(), { ignoreErrors: 'the cluster may be gone' });
same<ValueOf<typeof tolerated>, readonly Member[] | undefined>();
// changedWhen and failedWhen get the task's value, and what it uses.
task('Judged', restartUnit('a'), {
  uses: { known: once(list) },
  changedWhen: (value, { known, host }) => { same<typeof value, number>(); same<typeof known, readonly Member[]>(); same<typeof host, Host>(); return value > known.length; },
  failedWhen: value => (value > 3 ? `${value} is too many` : false), throttle: 1,
});
// @ts-expect-error of many it is an array of values
task('Each', () => [restartUnit('a')], { failedWhen: (value: number) => value > 3 });
// @ts-expect-error whether something changed is asked or denied, not claimed
task('Claimed', restartUnit('a'), { changedWhen: true });
// @ts-expect-error the value of a task with `when` may be missing
task('Skipped', ({ gone }) => service({ unit: `${gone.length}` }), { uses: { gone: task('Maybe', members(), { when: ({ host }) => host.name === 'h1' }) } });

// @ts-expect-error a failure is only ignored with a reason
task('Ignored', members(), { ignoreErrors: true });
// @ts-expect-error a handler is not notified itself
handler('Restart', service({ unit: 'a' }), { notify: handler('Other', service({ unit: 'b' })) });
// @ts-expect-error once() takes a task, not a name
once('List');

// A module's state and value are inferred; a command with any value is an action.
const counted = resource({
  name: 'counted', subject: (path: string) => path, inspect: () => probe(raw(':'), result => result.stdout.length),
  diff: state => (state > 3 ? [] : []), apply: () => Promise.resolve(), value: (state, _path, changed) => ({ length: state, changed }),
});
same<ReturnType<typeof counted>, Resource<{ length: number; changed: boolean }>>();
const applied = resource({ name: 'applied', subject: (path: string) => path, inspect: () => live(() => Promise.resolve(1)), diff: state => (state > 3 ? [] : []), apply: () => Promise.resolve() });
same<ReturnType<typeof applied>, Resource<Applied>>();
const restart = command({
  name: 'restart', subject: (unit: string) => unit, before: () => live(() => Promise.resolve('id')), describe: before => before, run: () => Promise.resolve(7),
  verify: (_on, { before, value }) => Promise.resolve(before === String(value) ? true : 'not yet'), idle: () => 0,
});
same<ReturnType<typeof restart>, Imperative<number>>();
same<ValueOf<typeof restarted>, number>();
const restarted = task('Restart', restart('nginx'));
command({
  name: 'restart', subject: (unit: string) => unit, before: () => live(() => Promise.resolve('id')), describe: before => before, run: () => Promise.resolve(7), idle: () => 0,
  // @ts-expect-error verify answers true, or why not
  verify: () => Promise.resolve(false),
});
const named = query({ name: 'named', subject: (unit: string) => unit, inspect: unit => live(() => Promise.resolve(unit)) });
same<ReturnType<typeof named>, Query<string>>();

// A playbook with variables is a playbook, and its plays get what its schema parses.
const book: Playbook = playbook({
  name: 'Book', vars: z.strictObject({ count: z.number() }), refuse: ({ vars, selected }) => [vars.count.toFixed(), ...selected.map(host => host.name)],
  plays: ({ vars }) => { same<typeof vars, { count: number }>(); return [play({ name: 'p', hosts: 'all', serial: vars.count, tasks: [list] })]; },
});
// @ts-expect-error a raw string is no host
from('m1', list);

// Hosts at a time.
play({ name: 'p', hosts: 'all', serial: [1, '30%'], maxFailPercent: 10, tasks: [list] });
play({ name: 'p', hosts: 'all', strategy: 'rolling', rolling: { batch: '10%', drain: [list], gate: [list], undrain: [list], maxFailures: 1 }, tasks: [list] });
// @ts-expect-error a share has its sign
play({ name: 'p', hosts: 'all', serial: '30', tasks: [list] });
// @ts-expect-error no such strategy
play({ name: 'p', hosts: 'all', strategy: 'random', tasks: [list] });
// @ts-expect-error a gate is made of tasks
play({ name: 'p', hosts: 'all', strategy: 'rolling', rolling: { gate: [members()] }, tasks: [list] });

// A block's condition gets what the block uses.
block('B', { uses: { known: once(list) }, when: ({ known, host }) => { same<typeof known, readonly Member[]>(); same<typeof host, Host>(); return known.length > 1; }, tasks: [leave] });
// @ts-expect-error only what it uses
block('B', { when: ({ known }) => known !== undefined, tasks: [leave] });
