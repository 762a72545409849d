/** The commands and their options, declared once. */
import { Command } from 'commander';
import { each, type AgainOptions, type InventoryOptions, type OwedOptions, type PlanOptions, type PlaybookOptions, type RollbackOptions, type RunOptions, type ShowOptions } from './options';
import { addAgain, addAnswers, addLogin, addReach, INVENTORY_HELP, playbookCommand } from './program-options';

/** What the commands do; each returns the exit code. */
export interface Commands {
  run(playbook: string | undefined, options: RunOptions, help: string): Promise<number>;
  check(playbook: string | undefined, options: PlaybookOptions, help: string): Promise<number>;
  plan(playbook: string | undefined, options: PlanOptions, help: string): Promise<number>;
  apply(plan: string, options: AgainOptions): Promise<number>;
  resume(run: string, options: AgainOptions): Promise<number>;
  rollback(run: string, options: RollbackOptions): Promise<number>;
  runs(options: { readonly json: boolean }): Promise<number>;
  show(what: string, options: ShowOptions): Promise<number>;
  owed(pattern: string, options: OwedOptions): Promise<number>;
  inventory(pattern: string, host: string | undefined, options: InventoryOptions): Promise<number>;
}

/** Told the exit code of the command that ran. */
type Done = (exit: number) => void;

/**
 * The program. It exits nowhere: what commander cannot read is thrown as CommanderError, after its message was written.
 * @param done told the exit code of the command that ran
 */
export function makeProgram(commands: Commands, done: Done): Command {
  const program = new Command('runsheet')
    .description('Runs typed playbooks over SSH across an inventory. Nothing is installed on the hosts.')
    .usage('COMMAND [options]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    // Defaults stand in the descriptions, in words: commander would print empty lists and milliseconds.
    .configureHelp({ helpWidth: 110, optionDescription: option => option.description, argumentDescription: argument => argument.description, subcommandTerm: command => command.name() })
    .exitOverride();
  addRun(program, commands, done);
  addCheck(program, commands, done);
  addPlan(program, commands, done);
  addApply(program, commands, done);
  addResume(program, commands, done);
  addRollback(program, commands, done);
  addRuns(program, commands, done);
  addShow(program, commands, done);
  addOwed(program, commands, done);
  addInventory(program, commands, done);
  program.addHelpText('after', `
Examples:
  runsheet run playbooks/cluster-check.ts -i hosts.ini
  runsheet run site.ts -i hosts.ini --limit 'web:!web3' --check --diff
  runsheet run site.ts --help        what the playbook does and which variables it takes
  runsheet plan site.ts -i hosts.ini -o plan.json && runsheet apply plan.json
`);
  return program;
}

function addRun(program: Command, commands: Commands, done: Done): void {
  const run = playbookCommand(program, 'run')
    .description('Run a playbook.')
    .option('--check', 'look and compare only: say what would change', false)
    .option('--diff', 'show the changes in texts', false);
  addAnswers(addReach(run))
    .option('--list-hosts', 'print the hosts of each play and stop', false)
    .option('--list-tasks', 'print the tasks of each play and stop', false)
    .option('--json', 'print the events of the run, one a line', false);
  run.action(async (playbook: string | undefined, options: RunOptions) => { done(await commands.run(playbook, options, run.helpInformation())); });
}

function addCheck(program: Command, commands: Commands, done: Done): void {
  const check = playbookCommand(program, 'check').description('Check types, playbook, variables and inventory; connect to no host.');
  check.action(async (playbook: string | undefined, options: PlaybookOptions) => { done(await commands.check(playbook, options, check.helpInformation())); });
}

function addPlan(program: Command, commands: Commands, done: Done): void {
  const plan = playbookCommand(program, 'plan').usage('PLAYBOOK -i INVENTORY -o FILE [options]')
    .description('Write what a run would change to a file, for a review and for apply.')
    .option('-o, --out <file>', 'where the plan is written (JSON, for you alone)')
    .option('--diff', 'show the changes in texts', false);
  addReach(plan).option('--json', 'print the events of the check, one a line', false);
  plan.action(async (playbook: string | undefined, options: PlanOptions) => {
    done(await commands.plan(playbook, { ...options, check: true, step: false, yes: false, listHosts: false, listTasks: false }, plan.helpInformation()));
  });
}

function addApply(program: Command, commands: Commands, done: Done): void {
  addAgain(program.command('apply').argument('<PLAN>', 'the file that plan wrote'))
    .description('Do what a plan says, and nothing else; refuse where it no longer fits (exit code 3).')
    .option('--limit <pattern>', 'only these hosts of the plan')
    .action(async (plan: string, options: AgainOptions) => { done(await commands.apply(plan, options)); });
}

function addResume(program: Command, commands: Commands, done: Done): void {
  addAgain(program.command('resume').argument('[RUN]', 'the id of the run, or its beginning (the last run)', 'last'))
    .description('Go on with a run that failed, was killed or interrupted.')
    .action(async (run: string, options: AgainOptions) => { done(await commands.resume(run, options)); });
}

function addRollback(program: Command, commands: Commands, done: Done): void {
  program.command('rollback').argument('<RUN>', 'the id of the run, its beginning, or "last"')
    .description('Take back what a run changed, down to the last change that cannot be taken back.').helpOption('-h, --help', 'print this help')
    .option('--limit <pattern>', 'only on these hosts')
    .option('-i, --inventory <inventory>', `${INVENTORY_HELP} (those of the run)`, each, [])
    .option('--check', 'look and compare only: say what would be put back', false)
    .option('--include-unfinished', 'put back also what the run was cut off in, although somebody else may have written what is there', false)
    .option('--yes', 'do not ask', false)
    .option('--diff', 'show the changes in texts', false)
    .option('--verbose', 'show every host of every task, and where the time goes', false)
    .option('--timings', 'say at the end where the time went, by phase and by task', false)
    .option('--json', 'print the events of the rollback, one a line', false)
    .action(async (run: string, options: RollbackOptions) => { done(await commands.rollback(run, options)); });
}

function addRuns(program: Command, commands: Commands, done: Done): void {
  program.command('runs').description('List the runs that were started in this folder, the newest first.').helpOption('-h, --help', 'print this help')
    .option('--json', 'print them as JSON', false)
    .action(async (options: { readonly json: boolean }) => { done(await commands.runs(options)); });
}

function addShow(program: Command, commands: Commands, done: Done): void {
  program.command('show').argument('<WHAT>', 'the id of a run or its beginning, "last", or the file of a plan')
    .description('Print what a run changed and what failed, or what a plan would change.').helpOption('-h, --help', 'print this help')
    .option('--failed', 'only what failed', false)
    .option('--diff', 'show the changes in texts', false)
    .option('--json', 'print it as JSON', false)
    .action(async (what: string, options: ShowOptions) => { done(await commands.show(what, options)); });
}

function addOwed(program: Command, commands: Commands, done: Done): void {
  addLogin(program.command('owed').argument('[PATTERN]', 'only the hosts that this pattern names (all)', 'all'))
    .description('List handlers that changes called for and that have not run since, on the hosts themselves.').helpOption('-h, --help', 'print this help')
    .option('-i, --inventory <inventory>', INVENTORY_HELP, each, [])
    .option('--clear', 'strike out what is listed, because it was done by hand', false)
    .option('--yes', 'answer yes to the question before that', false)
    .action(async (pattern: string, options: OwedOptions) => { done(await commands.owed(pattern, options)); });
}

function addInventory(program: Command, commands: Commands, done: Done): void {
  program.command('inventory').argument('[PATTERN]', 'only the hosts that this pattern names (all)', 'all')
    .argument('[HOST]', 'after the word `host`: each variable of this host, and which place sets it')
    .description('Print hosts, groups and variables of an inventory; `inventory host NAME` explains one host.')
    .helpOption('-h, --help', 'print this help')
    .option('-i, --inventory <inventory>', INVENTORY_HELP, each, [])
    .option('--playbook <file>', 'with `host NAME`: also the variables that this playbook has for the host')
    .option('--vars <file>', 'with --playbook: variables from a YAML or JSON file', each, [])
    .option('--set <name=value>', 'with --playbook: a variable', each, [])
    .addHelpText('after', '\nSecrets are masked by their names (db_password, api_token); with --playbook also what it declares as secret().')
    .action(async (pattern: string, host: string | undefined, options: InventoryOptions) => { done(await commands.inventory(pattern, host, options)); });
}

function version(): string {
  const parsed: unknown = require('../../package.json');
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
