/** Puts a directory aside under a name that says when: nothing is deleted. */
import { probe, resource } from '../../core/module';
import { cmd } from '../../core/transport/command';

export interface AsideParams {
  /** Absolute path of the directory. */
  readonly path: string;
}

/** The directory is not there under its name; `<path>.removed-<run>` holds what it held. */
export const directoryAside = resource<AsideParams, { readonly exists: boolean }>({
  name: 'file.aside',
  subject: ({ path }) => path,
  validate: ({ path }) => (/^\/[^/]+\/[^/]/.test(path) ? [] : [`"${path}" is no directory that can be put aside: it must be absolute and at least two levels deep`]),
  inspect: ({ path }) => probe(cmd`test -e ${path}`, result => ({ exists: result.code === 0 }), [0, 1]),
  diff: ({ exists }, { path }) => (exists ? [{ resource: path, property: 'place', from: path, to: `${path}.removed-<run>` }] : []),
  apply: async (on, { params: { path } }) => { await on.run(cmd`mv -T ${path} ${`${path}.removed-${on.runId}`}`); },
});
