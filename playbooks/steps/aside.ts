/** Puts a directory aside under a name that says when: nothing is deleted. */
import { RefusedError } from '../../core/errors';
import { probe, resource } from '../../core/module';
import { cmd } from '../../core/transport/command';
import { foreseenExists } from '../../modules/file/foreseen';
import { foretellPath } from '../../modules/file/foretell';

export interface AsideParams {
  /** Absolute path of the directory. */
  readonly path: string;
}

/** The directory is not there under its name; `<path>.removed-<run>` holds what it held. */
export const directoryAside = resource<AsideParams, { readonly exists: boolean }>({
  name: 'file.aside',
  subject: ({ path }) => path,
  validate: ({ path }) => (/^\/[^/]+\/[^/]/.test(path) ? [] : [`"${path}" is no directory that can be put aside: it must be absolute and at least two levels deep`]),
  inspect: ({ path }) => probe(cmd`test -e ${path}`, result => ({ exists: result.code === 0 }), [0, 1], async on => {
    const exists = await foreseenExists(on, path);
    return exists === undefined ? undefined : { exists };
  }),
  diff: ({ exists }, { path }) => (exists ? [{ resource: path, property: 'place', from: path, to: `${path}.removed-<run>` }] : []),
  apply: async (on, { params: { path } }) => { await on.run(cmd`mv -T ${path} ${asideOf(path, on.runId)}`); },
  foretell: async (on, { params: { path }, foreseen }) => {
    await foretellPath(on, asideOf(path, on.runId), { kind: 'made', mtime: foreseen.tick() });
    await foretellPath(on, path, { kind: 'absent' });
  },
  undo: (_state, { path }, runId) => [{ module: 'file.asideBack', params: { path, from: asideOf(path, runId) } satisfies AsideBackParams }],
});

export interface AsideBackParams extends AsideParams {
  /** Absolute path under which it was put aside. */
  readonly from: string;
}

/** A directory that was put aside has its name again: what takes `directoryAside` back. Refused where something else has the name by now. */
export const directoryAsideBack = resource<AsideBackParams, { readonly path: boolean; readonly from: boolean }>({
  name: 'file.asideBack',
  subject: ({ path }) => path,
  inspect: ({ path, from }) => probe(cmd`if [ -e ${path} ]; then echo path; fi; if [ -e ${from} ]; then echo from; fi`, ({ stdout }) => ({ path: /^path$/m.test(stdout), from: /^from$/m.test(stdout) })),
  diff: (is, { path, from }) => {
    if (!is.from) return [];
    if (is.path) throw new RefusedError(`${from} is not put back: there is another ${path} by now`, 'Move that away first.');
    return [{ resource: path, property: 'place', from, to: path }];
  },
  apply: async (on, { params: { path, from } }) => { await on.run(cmd`mv -T ${from} ${path}`); },
  undo: (_is, { path }) => [{ module: 'file.aside', params: { path } satisfies AsideParams }],
});

function asideOf(path: string, runId: string): string {
  return `${path}.removed-${runId}`;
}
