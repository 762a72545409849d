/** A proof's section of docs/proof.md, made from its record. */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Proof } from './proof';
import { lastAttempt, type Attempt, type ProofRecord } from './record';

const ROOT = join(__dirname, '../..');
const FILE = join(ROOT, 'docs/proof.md');
const GIB = 1024 ** 3;

/** Writes the section in the place of the old one, or at the end. */
export async function writeSection(proof: Proof, record: ProofRecord): Promise<void> {
  await writeFile(FILE, replaceSection(await readFile(FILE, 'utf8'), proof.name, sectionOf(proof, record)));
}

/** The text of the section, without its markers. */
export function sectionOf({ title, about, cases }: Proof, record: ProofRecord): string {
  const last = cases.flatMap(({ name }) => lastAttempt(record, name) ?? []);
  const open = cases.filter(({ name }) => lastAttempt(record, name) === undefined).map(({ name }) => name);
  const held = last.filter(({ problems }) => problems.length === 0).length;
  const dates = [...new Set(last.map(({ at }) => at.slice(0, 10)))].join(', ');
  return [
    `## ${title}`, '', about, '',
    `**${held} of ${cases.length} cases held.** ${dates === '' ? '' : `${dates}, on ${machine()}.`}${open.length === 0 ? '' : ` Not yet tried: ${open.join(', ')}.`}`,
    ...(last.length === 0 ? [] : ['', ...table(last)]),
    ...listOf('', last.flatMap(each => each.notes.map(note => `${each.case}: ${note}`))),
    ...listOf('What did not hold:', last.flatMap(each => each.problems.map(problem => `${each.case}: ${problem}`))),
    ...listOf('Earlier attempts that did not hold:', earlier(record, last)),
  ].join('\n');
}

/** Puts a section between its markers; where there are none, at the end with new ones. */
export function replaceSection(text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- proof ${name} -->`, `<!-- end of proof ${name} -->`];
  const block = `${begin}\n${section}\n${end}`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  return from < 0 || to < from ? `${text.trimEnd()}\n\n${block}\n` : `${text.slice(0, from)}${block}${text.slice(to + end.length)}`;
}

/** `2 cores, 24 GB, Debian 12, Node 20`. */
export function machine(): string {
  return `${cpus().length} cores, ${Math.ceil(totalmem() / GIB)} GB, ${system()}, Node ${process.versions.node.split('.')[0] ?? ''}`;
}

function system(): string {
  const text = readFileSync('/etc/os-release', 'utf8');
  const value = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return `${value('NAME').split(' ')[0] ?? ''} ${value('VERSION_ID')}`.trim();
}

function table(attempts: readonly Attempt[]): string[] {
  const columns = [...new Set(attempts.flatMap(({ figures }) => Object.keys(figures)))];
  const row = (cells: readonly (string | number)[]): string => `| ${cells.map(cell => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    row(['case', ...columns, 'held', 'commit']),
    row(['---', ...columns.map(() => '---'), '---', '---']),
    ...attempts.map(({ case: name, figures, problems, commit }) => row([name, ...columns.map(column => figures[column] ?? ''), problems.length === 0 ? 'yes' : '**no**', commit])),
  ];
}

function earlier({ attempts }: ProofRecord, last: readonly Attempt[]): string[] {
  return attempts.filter(each => !last.includes(each) && each.problems.length > 0)
    .map(each => `${each.case} at ${each.commit}: ${each.problems[0] ?? ''}${each.problems.length > 1 ? ` (and ${each.problems.length - 1} more)` : ''}`);
}

function listOf(heading: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  return ['', ...(heading === '' ? [] : [heading, '']), ...items.map(item => `- ${item.replaceAll(`${ROOT}/`, '').replaceAll(/\s*\n\s*/g, ' ')}`)];
}
