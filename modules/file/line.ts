/** Single lines of text files. */
import { RefusedError } from '../../core/errors';
import { resource, type Applied, type Change, type Resource } from '../../core/module';
import { MAX_CONTENT } from '../../core/path-look';
import { touchedFiles } from './backup';
import { contentChanges, requireFile } from './content';
import { editLines, type LineEdit } from './edit-lines';
import { lookAt } from './look';
import type { PathState } from './path-state';
import { pathProblems } from './paths';
import { foretellReplacement, replaceFile, type Replacing } from './replace';
import { parseText } from './text-diff';

interface LineIn extends Replacing {
  /** The file, absolute. Mode, owner and every byte outside the line stay as they are. */
  readonly path: string;
}

interface LinePresent extends LineIn {
  readonly state?: 'present';
  /** The line, without its end. */
  readonly line: string;
  /** The line that it replaces. More than one such line is refused; none: the line is added. */
  readonly match?: RegExp;
  /** Where the line is added: after the last line that matches. Default: at the end. */
  readonly after?: RegExp;
  /** Make the file when it is missing. Default: no, that is refused. */
  readonly create?: boolean;
}

interface LineAbsent extends LineIn {
  readonly state: 'absent';
  /** Every line that is equal to this one goes. */
  readonly line?: string;
  /** Every line that matches goes. */
  readonly match?: RegExp;
}

export type LineParams = LinePresent | LineAbsent;

const edited = resource<LineParams, PathState>({
  name: 'file.line',
  subject: params => params.path,
  validate: params => [...pathProblems(params.path), ...lineProblems(params)],
  inspect: params => lookAt(params.path, { follow: true, content: 'always' }),
  diff: compare,
  apply: (on, { params, state, changes }) => replaceFile(on, { ...params, content: wantedText(state, params) }, state, changes),
  foretell: (on, { params, state, changes }) => foretellReplacement(on, { ...params, content: wantedText(state, params) }, state, changes),
  touches: (_state, { path, backup = false }, runId) => touchedFiles([path], backup, runId),
});

/**
 * A text file holds this line once, or none of these lines (`state: 'absent'`). Line ends are kept as the file has them.
 *
 *     file.line({ path: '/etc/ssh/sshd_config', line: 'PermitRootLogin no', match: /^#?PermitRootLogin / })
 */
export function line(params: LineParams): Resource<Applied> {
  return edited(params);
}

function compare(state: PathState, params: LineParams): Change[] {
  requireFile(params.path, state);
  if (state.facts === undefined && params.state === 'absent') return [];
  return contentChanges(params.path, state, wantedText(state, params));
}

function wantedText(state: PathState, params: LineParams): string {
  return editLines(textOf(state, params), params.path, editOf(params));
}

function textOf({ facts }: PathState, params: LineParams): string {
  const { path } = params;
  if (facts === undefined) {
    if (params.state !== 'absent' && params.create === true) return '';
    throw new RefusedError(`${path} does not exist, so no line of it can be edited`, 'say create: true to make it with this line');
  }
  if (!Buffer.isBuffer(facts.content)) throw new RefusedError(`${path} has ${facts.size} bytes; lines are edited in files of at most ${MAX_CONTENT}`);
  const text = parseText(facts.content);
  if (text === undefined) throw new RefusedError(`${path} is no UTF-8 text, so no line of it can be edited`);
  return text;
}

function editOf(params: LineParams): LineEdit {
  return params.state === 'absent'
    ? { kind: 'remove', line: params.line, match: params.match }
    : { kind: 'put', line: params.line, match: params.match, after: params.after };
}

function lineProblems(params: LineParams): string[] {
  if (params.state === 'absent' && params.line === undefined && params.match === undefined) return ['say which line goes, with `line` or `match`'];
  return params.line !== undefined && /[\r\n\0]/.test(params.line) ? ['`line` is one line, without its end'] : [];
}
