/** How a path looks, and in check mode how it will. */
import { probe, type Probe } from '../../core/module';
import { foreseenState } from './foreseen';
import { lookCommand, lookCommandAhead, parsePathState, type LookOptions, type PathState } from './path-state';

/** Looks at a path. What cannot be seen (no permission, a loop of links) is an error, never "absent". */
export function lookAt(path: string, options: LookOptions): Probe<PathState> {
  const ahead = lookCommandAhead(path, options);
  return { ...probe(lookCommand(path, options), parsePathState, [0], on => foreseenState(on, path, options)), ...(ahead === undefined ? {} : { ahead }) };
}
