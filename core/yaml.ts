/** YAML and JSON: files of variables, kubeconfigs, configuration files. The one place that knows the YAML library. */
import type { Document, ScalarTag, Tags } from 'yaml';
import { UsageError } from './errors';

export interface YamlEntry {
  readonly name: string;
  readonly value: unknown;
  /** Line of the name, from 1. */
  readonly line: number;
}

/**
 * The entries of a file that holds one mapping, in order; an empty file has none. Read as YAML 1.1, as Ansible does: `yes` is true.
 * @throws SyntaxError with `line N: ...` when it is no YAML, no mapping, or encrypted
 */
export function parseVarsFile(text: string): readonly YamlEntry[] {
  if (text.startsWith('$ANSIBLE_VAULT')) throw new SyntaxError('line 1: the file is encrypted with ansible-vault, which is not supported; decrypt it first');
  const document = parse(text);
  const { contents } = document;
  if (contents === null) return [];
  const { isMap, isScalar } = yaml();
  if (!isMap(contents)) throw new SyntaxError('line 1: the file must hold one mapping of names to values');
  const values: unknown = document.toJS();
  if (typeof values !== 'object' || values === null) return [];
  const lines = new Map<string, number>();
  for (const { key } of contents.items as { key: unknown }[]) {
    if (isScalar(key)) lines.set(String(key.value), lineAt(text, key.range?.[0]));
  }
  return Object.entries(values).map(([name, value]: [string, unknown]) => ({ name, value, line: lines.get(name) ?? 1 }));
}

/**
 * Parses one document of YAML 1.2, or JSON.
 * @param origin the file, for messages
 * @throws UsageError naming file and line
 */
export function parseYaml(text: string, origin: string): unknown {
  const document = yaml().parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw new UsageError(`${origin}:${lineAt(text, error.pos[0])}: ${error.message}`);
  return document.toJS() as unknown;
}

function parse(text: string): Document.Parsed {
  const document = yaml().parseDocument(text, { version: '1.1', merge: true, prettyErrors: false, logLevel: 'error', customTags: tagsOf });
  const error = document.errors[0];
  if (error !== undefined) throw new SyntaxError(`line ${lineAt(text, error.pos[0])}: ${error.message}`);
  return document;
}

/** As Ansible's own reader has it: `y` and `n` are texts, and a date is one too. */
function tagsOf(tags: Tags): Tags {
  const kept = tags.filter(tag => typeof tag === 'string' || !['tag:yaml.org,2002:bool', 'tag:yaml.org,2002:timestamp'].includes(tag.tag));
  return [...kept, switchTag(true, /^(?:yes|true|on)$/i), switchTag(false, /^(?:no|false|off)$/i), vaultTag];
}

function switchTag(value: boolean, test: RegExp): ScalarTag {
  return { tag: 'tag:yaml.org,2002:bool', default: true, test, resolve: () => value };
}

const vaultTag: ScalarTag = {
  tag: '!vault',
  resolve: (_text: string, onError: (message: string) => void): string => {
    onError('the value is encrypted with ansible-vault, which is not supported; decrypt it first');
    return '';
  },
};

function lineAt(text: string, offset = 0): number {
  return text.slice(0, offset).split('\n').length;
}

/** Loaded when the first file is read: most runs have none, and it takes as long as the rest of the start. */
function yaml(): typeof import('yaml') {
  return require('yaml') as typeof import('yaml');
}
