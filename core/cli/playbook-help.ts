/** `run PLAYBOOK --help`: the command's help, what the playbook is for and which variables it takes. */
import { describeVars, type VarRow } from './describe-vars';
import { loadPlaybook, playbookPath } from './load-playbook';
import { varsOf } from './schema';

/** The text. @param help the command's own help. @throws UsageError or PlaybookError when the playbook does not load */
export function playbookHelp(given: string, help: string): string {
  const playbook = loadPlaybook(playbookPath(given));
  const rows = describeVars(varsOf(playbook));
  return [
    playbook.name,
    ...(playbook.description === undefined ? [] : ['', playbook.description.trim()]),
    '',
    ...(rows.length === 0 ? ['It takes no variables.'] : ['Variables (--set name=value, or in a file with --vars):', ...rowLines(rows)]),
    '',
    help,
  ].join('\n');
}

function rowLines(rows: readonly VarRow[]): readonly string[] {
  const widest = (texts: readonly string[]): number => Math.min(32, Math.max(...texts.map(text => text.length)));
  const [name, type] = [widest(rows.map(row => row.name)), widest(rows.map(row => row.type))];
  return rows.map(row => {
    const last = [row.description, row.required ? '(required)' : row.default === undefined ? '' : `(${row.default})`].filter(text => text !== '').join(' ');
    return `  ${row.name.padEnd(name)}  ${row.type.padEnd(type)}  ${last}`.trimEnd();
  });
}
