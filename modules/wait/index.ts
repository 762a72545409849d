/** Conditions that become true in time. */
export { command, type CommandParams } from './command';
export { http, type HttpParams } from './http';
export { type Patience } from './patience';
export { port, type PortParams } from './port';
export { type HttpAnswer } from './request';
