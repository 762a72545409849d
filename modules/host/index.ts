/** What a host is and who talks to it. */
export { facts, type HostFacts } from './facts';
export { filesNaming } from './naming';
export { peers, type Peer } from './peers';
