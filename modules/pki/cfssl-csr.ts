/** cfssl's CSR files (`etcd-csr.json`): read as a request, and kept true without touching more than the list of hosts. */
import { z } from 'zod';
import { parseJson } from './cfssl-config';
import type { CertificateFacts } from './facts';
import { alternativeName, hostText, type AlternativeName, type NameAttribute } from './names';

/** A certificate request as cfssl writes it. */
export interface CfsslRequest {
  readonly CN: string;
  readonly hosts?: readonly string[];
  /** ecdsa 256 unless said, as in cfssl. */
  readonly key?: { readonly algo: 'rsa' | 'ecdsa'; readonly size: number };
  readonly names?: readonly Readonly<Partial<Record<'C' | 'ST' | 'L' | 'O' | 'OU', string>>>[];
  readonly serialnumber?: string;
}

const hosts = z.array(z.string()).nullish().transform(list => list ?? []);
const hostsSchema = z.looseObject({ hosts });
const requestSchema = z.looseObject({
  CN: z.string().default(''),
  hosts,
  key: z.looseObject({ algo: z.enum(['rsa', 'ecdsa']), size: z.number().int() }).default({ algo: 'ecdsa', size: 256 }),
  names: z.array(z.looseObject({
    C: z.string().optional(), ST: z.string().optional(), L: z.string().optional(), O: z.string().optional(), OU: z.string().optional(),
  })).nullish().transform(names => names ?? []),
  serialnumber: z.string().optional(),
});

/** A request with nothing left to guess. */
export interface Request {
  readonly subject: readonly (readonly NameAttribute[])[];
  readonly names: readonly AlternativeName[];
  readonly key: { readonly type: 'rsa' | 'ec'; readonly size: number };
}

/** The order in which cfssl (Go's pkix.Name) writes a subject; values of one type share one part. */
const SUBJECT_ORDER = ['C', 'ST', 'L', 'O', 'OU'] as const;

/** A request from cfssl's JSON text. @throws RangeError naming the file and what is wrong in it */
export function readRequest(text: string, path: string): Request {
  const { CN, hosts, key, names, serialnumber } = parseRequest(requestSchema, text, path);
  const parts = SUBJECT_ORDER.map(type => names.flatMap(name => (name[type] ? [{ type, value: name[type] }] : [])));
  const single = (type: string, value: string | undefined) => (value ? [[{ type, value }]] : []);
  return {
    subject: [...parts.filter(part => part.length > 0), ...single('CN', CN), ...single('serialNumber', serialnumber)],
    names: hosts.map(alternativeName),
    key: { type: key.algo === 'ecdsa' ? 'ec' : 'rsa', size: key.size },
  };
}

/** cfssl's request for a certificate that is there. */
export function requestFor(facts: CertificateFacts): CfsslRequest {
  const value = (type: string) => facts.subject.parts.flat().find(attribute => attribute.type === type)?.value;
  const name = Object.fromEntries(SUBJECT_ORDER.flatMap(type => {
    const text = value(type);
    return text === undefined ? [] : [[type, text]];
  }));
  return {
    CN: value('CN') ?? '',
    hosts: facts.names.map(hostText),
    key: { algo: facts.key.type === 'ec' ? 'ecdsa' : 'rsa', size: facts.key.size },
    names: [name],
  };
}

/** The text of a new request file, in cfssl's layout. */
export function requestText(request: CfsslRequest): string {
  return `${JSON.stringify(request, null, 2)}\n`;
}

/**
 * The text with another `hosts` list, every other byte as it was; the list keeps its layout (one line, or one host a line with its indent).
 * @throws RangeError when the text is no JSON object
 */
export function withHosts(text: string, hosts: readonly string[], path: string): string {
  const parsed = parseJson(text, path);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new RangeError(`${path} is no cfssl request: it holds no object`);
  const span = spanOfTopLevelValue(text, 'hosts');
  if (span === undefined) return insertFirst(text, `"hosts": ${JSON.stringify(hosts)}`, Object.keys(parsed).length === 0);
  return text.slice(0, span.start) + layOut(hosts, text.slice(span.start, span.end)) + text.slice(span.end);
}

/** The `hosts` of a request's text, whatever else stands in it. @throws RangeError naming the file */
export function hostsIn(text: string, path: string): readonly AlternativeName[] {
  return parseRequest(hostsSchema, text, path).hosts.map(alternativeName);
}

function parseRequest<T>(schema: z.core.$ZodType<T>, text: string, path: string): T {
  const parsed = z.safeParse(schema, parseJson(text, path));
  if (!parsed.success) throw new RangeError(`${path} is no cfssl request: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function layOut(hosts: readonly string[], old: string): string {
  const items = hosts.map(host => JSON.stringify(host));
  const indent = /^\[(\s*\n\s*)/.exec(old)?.[1];
  if (indent === undefined) return `[${items.join(/^\[.*,\S/.test(old) ? ',' : ', ')}]`;
  const closing = /(\s*)\]$/.exec(old)?.[1] ?? '\n';
  return `[${indent}${items.join(`,${indent}`)}${closing}]`;
}

function insertFirst(text: string, member: string, alone: boolean): string {
  const brace = text.indexOf('{') + 1;
  const space = /^\s*/.exec(text.slice(brace))?.[0] ?? '';
  return `${text.slice(0, brace)}${alone ? '' : space}${member}${alone ? '' : ','}${text.slice(brace)}`;
}

/** Where the value of a member of the outermost object stands. The text has parsed as JSON, so its form can be trusted. */
function spanOfTopLevelValue(text: string, member: string): { start: number; end: number } | undefined {
  let depth = 0;
  let start: number | undefined;
  let isKey = false;
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g)) {
    const symbol = token[0];
    if (start !== undefined && depth === 1 && (symbol === ',' || symbol === '}')) return { start, end: text.slice(0, token.index).trimEnd().length };
    if (symbol === '{' || symbol === '[') depth += 1;
    else if (symbol === '}' || symbol === ']') depth -= 1;
    else if (symbol === ':' && depth === 1 && isKey) start ??= text.slice(token.index + 1).search(/\S/) + token.index + 1;
    isKey = symbol === JSON.stringify(member) && depth === 1;
  }
  return undefined;
}
