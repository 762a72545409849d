/** Questions to a Kubernetes API, and proofs that it works. */
export { credentials, type Credentials } from './credentials';
export { apiEndpoints, holders, nodes, pods, readyz, version, type Holder, type Node, type Pod, type Readiness, type ServiceEndpoints } from './queries';
export { anyReady, endpointsAre, holdersIn, nodesReady, ready } from './conditions';
export { canary, probeObjects, probesAbsent, writeProbe } from './probe';
export { lease, leaseHeld } from './lease';
export { type Access } from './request';
export { token, tokenAccepted } from './token';
