/** Questions to a Kubernetes API, and proofs that it works. */
export { credentials, type Credentials } from './credentials';
export { apiEndpoints, holders, nodes, pods, readyz, version, type Holder, type Node, type Pod, type Readiness, type ServiceEndpoints } from './queries';
export { endpointsAre, holdersIn, ready } from './conditions';
export { canary, probesAbsent, writeProbe } from './probe';
export { lease } from './lease';
export { type Access } from './request';
export { token, tokenAccepted } from './token';
