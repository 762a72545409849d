/** Commands of one's own. */
export { cmd, type Command } from '../../core/transport/command';
export { type Call } from './call';
export { job, type JobDone, type JobParams } from './job';
export { read } from './read';
export { run, type Ran, type RunParams } from './run';
