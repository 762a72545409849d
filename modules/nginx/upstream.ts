/** Upstreams of an nginx: what they are, and what they shall be. */
import { RefusedError } from '../../core/errors';
import { type Change, query, resource, steps } from '../../core/module';
import type { Target } from '../../core/transport/connection';
import { backup, backupPath, touchedFiles } from '../file/backup';
import { foretellText } from '../file/foretell';
import { textDiff } from '../file/text-diff';
import { encodeText } from '../systemd/text';
import { requireValidConf } from './candidate';
import { editUpstream, type ServerWishes, type UpstreamEdit } from './edit';
import { readInstance, whereProblems, whereSubject, type Instance, type Where } from './instance';
import { loadConf, type LoadedConf } from './load';
import { findUpstreams, plainUpstream, upstreamWarnings, type FoundUpstream, type Upstream } from './upstreams';

/** What an nginx is configured to do. */
export interface NginxReading {
  readonly binary: string;
  readonly prefix: string;
  /** Absolute path of the main configuration file. */
  readonly config: string;
  /** All files of the configuration, the main one first. */
  readonly files: readonly string[];
  readonly upstreams: readonly Upstream[];
  /** What is suspicious about them, each a sentence. */
  readonly warnings: readonly string[];
}

/**
 * The upstreams of an nginx, http and stream, over all included files, as its files say; whether that is in force `nginx.inForce` tells.
 * Binary, prefix and configuration are those that the unit starts.
 * @throws RefusedError when the unit does not exist or the configuration cannot be parsed
 */
export const upstreams = query<Where, NginxReading>({
  name: 'nginx.upstreams',
  subject: whereSubject,
  validate: whereProblems,
  inspect: where => steps(async on => {
    const { binary, prefix, config } = await readInstance(on, where);
    const { tree, sources } = await loadConf(on, config);
    const found = findUpstreams(tree).map(plainUpstream);
    return { binary, prefix, config, files: [...sources.keys()], upstreams: found, warnings: found.flatMap(upstreamWarnings) };
  }),
});

/** The upstream of a name; `undefined` where there is none, or one in http and one in stream and `context` does not say which. */
export function upstreamOf(reading: NginxReading, name: string, context?: Upstream['context']): Upstream | undefined {
  const named = reading.upstreams.filter(each => each.name === name && (context === undefined || each.context === context));
  return named.length === 1 ? named[0] : undefined;
}

export type UpstreamParams = Where & {
  /** The upstream's name. */
  readonly upstream: string;
  /** Where both have an upstream of that name. */
  readonly context?: 'http' | 'stream';
  /**
   * Servers by address as written in the configuration: `'absent'`, or parameters: `{ down: true }`, `{ max_fails: 0 }`, `{ weight: false }` for a parameter
   * that shall not be there, `{}` for a server that shall only be there. Servers and parameters that are not named stay.
   */
  readonly servers: ServerWishes;
  /** Copy changed files to `<path>-bak-<run>` before they change. Default: no. */
  readonly backup?: boolean;
};

interface State {
  readonly instance: Instance;
  readonly loaded: LoadedConf;
  readonly edit: UpstreamEdit;
}

/**
 * Servers of an upstream are there, absent, down, up, or have parameters. Edited in the file that holds them, every other byte kept; checked by the
 * unit's own binary with its prefix and configuration before it is put in place. It is not reloaded: `nginx.reload` or `nginx.inForce` does that.
 *
 * Refused: an upstream that does not exist, and an edit that would leave it without a live server, which nginx itself accepts.
 */
export const upstream = resource<UpstreamParams, State>({
  name: 'nginx.upstream',
  subject: params => `${whereSubject(params)} ${params.upstream}`,
  validate: params => [...whereProblems(params), ...serverProblems(params.servers)],
  inspect: params => steps(async on => {
    const instance = await readInstance(on, params);
    const loaded = await loadConf(on, instance.config);
    return { instance, loaded, edit: editUpstream(loaded.tree, theUpstream(on, instance, loaded, params), params.servers) };
  }),
  diff: (state, params) => changesOf(state, params.upstream),
  apply: async (on, { params, state: { instance, loaded, edit } }) => {
    await requireValidConf(on, instance, edit.after, [...edit.texts.keys()]);
    await putTexts(on, loaded, edit.texts, params.backup ?? false);
  },
  foretell: async (on, { params: { backup: keep = false }, state: { loaded, edit } }) => {
    for (const [path, text] of edit.texts) {
      await foretellText(on, path, { content: encodeText(text, loaded.sources.get(path)?.encoding ?? 'utf8'), copy: keep ? backupPath(path, on.runId) : undefined });
    }
  },
  touches: ({ edit }, { backup: keep = false }, runId) => touchedFiles([...edit.texts.keys()], keep, runId),
});

function serverProblems(servers: ServerWishes): readonly string[] {
  const isPlain = (text: string): boolean => /^[^\s;{}"'\\#$]+$/.test(text);
  return Object.entries(servers).flatMap(([address, wish]) => [
    ...(isPlain(address) ? [] : [`"${address}" is not a server's address`]),
    ...Object.entries(wish === 'absent' ? {} : wish).filter(([name, value]) => !isPlain(name) || !isPlain(String(value)))
      .map(([name, value]) => `"${name}=${String(value)}" is not a server's parameter`),
  ]);
}

function theUpstream(on: Target, instance: Instance, { tree }: LoadedConf, params: UpstreamParams): FoundUpstream {
  const all = findUpstreams(tree);
  const [found, other] = all.filter(each => each.name === params.upstream && (params.context === undefined || each.context === params.context));
  const known = all.map(each => `${each.name} (${each.context})`).join(', ') || 'none';
  if (found === undefined) throw new RefusedError(`${on.host.name}: there is no upstream "${params.upstream}" in ${instance.config}; it has: ${known}`);
  if (other !== undefined) {
    throw new RefusedError(`${on.host.name}: there are two upstreams "${params.upstream}", ${found.file}:${found.line} and ${other.file}:${other.line}`, 'Say which with context: "http" or "stream".');
  }
  return found;
}

function changesOf({ loaded, edit }: State, name: string): Change[] {
  const diffs = [...edit.texts].map(([path, text]) => {
    const { text: before = '', encoding = 'utf8' } = loaded.sources.get(path) ?? {};
    return textDiff(path, encodeText(before, encoding), encodeText(text, encoding));
  });
  const diff = diffs.filter(each => each !== undefined).join('');
  return edit.edits.map(({ address, from, to }, i) => {
    const change = { resource: `upstream ${name}`, property: address, from, to };
    return i === 0 && diff !== '' ? { ...change, diff } : change;
  });
}

/** Writes texts in the encodings of the files they replace. */
async function putTexts(on: Target, loaded: LoadedConf, texts: ReadonlyMap<string, string>, keep: boolean): Promise<void> {
  for (const [path, text] of texts) {
    if (keep) await backup(on, path);
    await on.write(path, encodeText(text, loaded.sources.get(path)?.encoding ?? 'utf8'));
  }
}
