/** `run PLAYBOOK --help`: the command's help, what the playbook is for and which variables it takes. */
import { describeVars, type VarRow } from './describe-vars';
import { hostVarsOf } from './host-values';
import { loadPlaybook, playbookPath } from './load-playbook';
import { asSchema, varsOf } from './schema';

/** The text. @param help the command's own help. @throws UsageError or PlaybookError when the playbook does not load */
export function playbookHelp(given: string, help: string): string {
  const playbook = loadPlaybook(playbookPath(given));
  const rows = describeVars(varsOf(playbook));
  const ofHosts = hostVarsOf(playbook).map(({ hosts, schema }) => ({ hosts, rows: describeVars(asSchema(schema)) })).filter(({ rows: some }) => some.length > 0);
  return [
    playbook.name,
    ...(playbook.description === undefined ? [] : ['', playbook.description.trim()]),
    '',
    ...(rows.length === 0 && ofHosts.length === 0 ? ['It takes no variables.', ''] : []),
    ...(rows.length === 0 ? [] : ['Variables (--set name=value, or in a file with --vars):', ...rowLines(rows), '']),
    ...ofHosts.flatMap(each => [`Variables of each host of "${each.hosts}" (in the inventory; --vars and --set win, for all of them):`, ...rowLines(each.rows), '']),
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
