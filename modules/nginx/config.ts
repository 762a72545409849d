/** Whole configuration files of an nginx. */
import { isRunnerError, messageOf, RefusedError } from '../../core/errors';
import { type Applied, type Change, type Resource, resource, steps } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { backup, backupPath, touchedFiles } from '../file/backup';
import { foretellText } from '../file/foretell';
import { pathProblems } from '../file/paths';
import { renderTemplateFile, type TemplateValues } from '../file/template';
import { textDiff } from '../file/text-diff';
import { readFiles, type HostFile } from '../systemd/read-files';
import { encodeText } from '../systemd/text';
import { requireValidConf } from './candidate';
import { parseConf } from './conf';
import { readInstance, whereProblems, whereSubject, type Instance, type Where } from './instance';
import { loadConf } from './load';
import type { ConfTree } from './tree';
import { findUpstreams, isLive } from './upstreams';

/** The text itself, or a Handlebars template on the controller (absolute path) and its values. */
export type ConfigParams = Where & {
  /** Absolute path of the file. Default: the main configuration file. */
  readonly path?: string;
  /** Copy the old file to `<path>-bak-<run>` before it changes. Default: no. */
  readonly backup?: boolean;
} & (
  | { readonly content: string; readonly template?: undefined; readonly values?: undefined }
  | { readonly template: string; readonly values: TemplateValues; readonly content?: undefined }
);

interface Rendered {
  readonly where: Where;
  readonly path: string | undefined;
  readonly text: string;
  readonly backup: boolean;
  readonly problems: readonly string[];
}

interface State {
  readonly instance: Instance;
  readonly path: string;
  readonly old: HostFile | undefined;
  /** The configuration as it would be; `undefined` where there is no main file yet. */
  readonly after: ConfTree | undefined;
}

/**
 * A configuration file of an nginx, the main one or one that it includes, holds this text. The whole configuration with it is checked by the unit's own
 * binary before it is put in place; an upstream without a live server, which nginx accepts, is refused. It is not reloaded: see `nginx.reload`, `nginx.inForce`.
 */
export function config(params: ConfigParams): Resource<Applied> {
  return place(render(params));
}

const place = resource<Rendered, State>({
  name: 'nginx.config',
  subject: ({ where, path }) => path ?? whereSubject(where),
  validate: ({ where, path, problems }) => [...whereProblems(where), ...(path === undefined ? [] : pathProblems(path)), ...problems],
  inspect: params => steps(on => look(on, params)),
  diff: compare,
  apply: async (on, { params, state: { instance, path, after } }) => {
    if (after !== undefined) await requireValidConf(on, instance, after, [path]);
    if (params.backup) await backup(on, path);
    await on.write(path, params.text);
  },
  foretell: (on, { params, state: { path } }) => foretellText(on, path, { content: Buffer.from(params.text), copy: params.backup ? backupPath(path, on.runId) : undefined }),
  touches: ({ path }, { backup: keep }, runId) => touchedFiles([path], keep, runId),
});

function render(params: ConfigParams): Rendered {
  const base = { where: params, path: params.path, backup: params.backup ?? false, problems: [] };
  if (params.template === undefined) return { ...base, text: params.content };
  try {
    return { ...base, text: renderTemplateFile(params.template, params.values) };
  } catch (error) {
    if (!isRunnerError(error)) throw error;
    return { ...base, text: '', problems: [messageOf(error)] };
  }
}

async function look(on: Target, { where, path: wanted, text }: Rendered): Promise<State> {
  const instance = await readInstance(on, where);
  const path = wanted ?? instance.config;
  const found = await readFiles(on, [path, instance.config]);
  const old = found.get(path)?.[0];
  const hasMain = path === instance.config || found.get(instance.config)?.[0] !== undefined;
  parseConf(path, text);
  if (old?.text === text || !hasMain) return { instance, path, old, after: undefined };
  const { tree } = await loadConf(on, instance.config, new Map([[path, text]]));
  for (const upstream of findUpstreams(tree).filter(each => !each.servers.some(isLive))) {
    throw new RefusedError(`${on.host.name}: with the new ${path} the upstream "${upstream.name}" (${upstream.file}:${upstream.line}) has no live server`);
  }
  return { instance, path, old, after: tree };
}

function compare({ path, old }: State, { text }: Rendered): Change[] {
  if (old?.text === text) return [];
  const diff = textDiff(path, old === undefined ? undefined : encodeText(old.text, old.encoding), Buffer.from(text));
  const change = { resource: path, property: 'content', from: old === undefined ? null : 'other text', to: 'the wanted text' };
  return [diff === undefined ? change : { ...change, diff }];
}
