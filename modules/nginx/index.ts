/** nginx: its upstreams read and edited, whole configurations, reloads that are seen to take effect. */
export { config, type ConfigParams } from './config';
export { type ServerParameters, type ServerWish, type ServerWishes } from './edit';
export { type Where } from './instance';
export { inForce, reload, type InForceParams } from './reload';
export { upstream, upstreamOf, upstreams, type NginxReading, type UpstreamParams } from './upstream';
export { upstreamWarnings, type Upstream, type UpstreamServer } from './upstreams';
