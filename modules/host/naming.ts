/** Which files of a host name something. @see grep(1) */
import { probe, query } from '../../core/module';
import { cmd } from '../../core/transport/command';

export interface FilesNamingParams {
  /** Texts, taken literally; a file counts when it holds one of them. Without any, no file does. */
  readonly texts: readonly string[];
  /** Directories or files to look in; one that does not exist holds nothing. */
  readonly within: readonly string[];
}

/** Paths of the regular files below `within` that hold one of the texts. Files over 1 MB and binary ones are passed over. */
export const filesNaming = query<FilesNamingParams, readonly string[]>({
  name: 'host.filesNaming',
  subject: ({ within }) => within.join(', '),
  inspect: ({ texts, within }) => probe(
    cmd`for d in ${within}; do [ -e "$d" ] && find -L "$d" -type f -size -2048 -exec grep -lIF ${texts.length === 0 ? ['-e', '\u0001'] : texts.flatMap(text => ['-e', text])} {} + 2>/dev/null; done; true`,
    result => [...new Set(result.stdout.split('\n').filter(line => line !== ''))].sort(),
  ),
});
