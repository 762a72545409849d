/**
 * What a module may use: the contract look, compare, act.
 *
 * A module is a function from its parameters to an `Action`, which the runner carries out. Check mode is structural: the runner looks and
 * compares, and stops there. No module asks whether it is a dry run.
 */
export { live, mapLook, probe, see, steps, type Live, type Look, type Probe } from './module/look';
export { type Change, type Effect, type Action, type Query, type Resource, type Standing, type Applied, type Imperative, type Intent, type Check, type Finding, type Confirm, type End } from './module/action';
export { type Call, type Touched, type WayBack } from './module/way-back';
export { query, type QueryDef } from './module/query';
export { resource, type ResourceDef } from './module/resource';
export { command, type CommandDef } from './module/command';
export { check, type CheckDef } from './module/check';
