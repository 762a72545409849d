/** How a path looks, and in check mode how it will. */
import { probe, type Probe } from '../../core/module';
import { pathLook, type LookOptions } from '../../core/path-look';
import { foreseenState } from './foreseen';
import { parsePathState, type PathState } from './path-state';

/** Looks at a path. What cannot be seen (no permission, a loop of links) is an error, never "absent". */
export function lookAt(path: string, options: LookOptions): Probe<PathState> {
  const question = { ...options, path };
  return { ...probe(pathLook(question), parsePathState, [0], on => foreseenState(on, path, options)), ahead: question };
}
