/** What a host is: system, kernel, hardware. */
export { hardware, type Hardware } from './hardware';
export { release, type Release } from './release';
