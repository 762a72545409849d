/** Conditions on what a playbook knows already. */
export { none, type NoneParams } from './none';
export { that, type ThatParams } from './that';
