/** The commands and their options, declared once. */
import { Command, Option } from 'commander';
import { each, list, positive, seconds, secondsOrNone, type InventoryOptions, type PlaybookOptions, type RunOptions } from './options';

/** What the commands do; each returns the exit code. */
export interface Commands {
  run(playbook: string | undefined, options: RunOptions, help: string): Promise<number>;
  check(playbook: string | undefined, options: PlaybookOptions, help: string): Promise<number>;
  /** @param host with the pattern `host`: whose variables to explain */
  inventory(pattern: string, host: string | undefined, options: InventoryOptions): Promise<number>;
}

/**
 * The program. It exits nowhere: what commander cannot read is thrown as CommanderError, after its message was written.
 * @param done told the exit code of the command that ran
 */
export function makeProgram(commands: Commands, done: (exit: number) => void): Command {
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
  addInventory(program, commands, done);
  program.addHelpText('after', `
Examples:
  runsheet run playbooks/cluster-check.ts -i hosts.ini
  runsheet run site.ts -i hosts.ini --limit 'web:!web3' --check --diff
  runsheet run site.ts --help        what the playbook does and which variables it takes
`);
  return program;
}

function addRun(program: Command, commands: Commands, done: (exit: number) => void): void {
  const run = playbookCommand(program, 'run')
    .description('Run a playbook.')
    .option('--check', 'look and compare only: say what would change', false)
    .option('--diff', 'show the changes in texts', false)
    .option('--forks <n>', 'hosts at work at the same time (50)', positive, 50)
    .option('-u, --user <user>', 'log in as this user where the inventory names none')
    .option('--private-key <file>', 'log in with this key where the inventory names none')
    .option('-b, --become', 'become root, by sudo', false)
    .option('-K, --ask-become-password', 'ask for the password of sudo', false)
    .option('--become-password-file <file>', 'read the password of sudo from a file (or RUNSHEET_BECOME_PASSWORD_FILE)')
    .addOption(new Option('--host-key <policy>', 'host keys that are not known: refuse them (strict, the default) or learn them (accept-new)').choices(['strict', 'accept-new']).default('strict'))
    .option('--timeout <s>', 'time limit of a task on a host that sets none, in seconds (600)', seconds, 600_000)
    .option('--lock-wait <s>', 'how long to wait for another run that holds a host, in seconds (60)', secondsOrNone, 60_000)
    .option('--list-hosts', 'print the hosts of each play and stop', false)
    .option('--list-tasks', 'print the tasks of each play and stop', false)
    .option('--yes', 'answer yes to what the playbook asks', false)
    .option('--json', 'print the events of the run, one a line', false);
  run.action(async (playbook: string | undefined, options: RunOptions) => { done(await commands.run(playbook, options, run.helpInformation())); });
}

function addCheck(program: Command, commands: Commands, done: (exit: number) => void): void {
  const check = playbookCommand(program, 'check').description('Check types, playbook, variables and inventory; connect to no host.');
  check.action(async (playbook: string | undefined, options: PlaybookOptions) => { done(await commands.check(playbook, options, check.helpInformation())); });
}

function addInventory(program: Command, commands: Commands, done: (exit: number) => void): void {
  program.command('inventory').argument('[PATTERN]', 'only the hosts that this pattern names (all)', 'all')
    .argument('[HOST]', 'after the word `host`: each variable of this host, and which place sets it')
    .description('Print hosts, groups and variables of an inventory; `inventory host NAME` explains one host.')
    .helpOption('-h, --help', 'print this help')
    .option('-i, --inventory <inventory>', INVENTORY_HELP, each, [])
    .action(async (pattern: string, host: string | undefined, options: InventoryOptions) => { done(await commands.inventory(pattern, host, options)); });
}

const INVENTORY_HELP = 'inventory: a file (INI or TypeScript), or hosts with commas; may stand several times';

/** Its `--help` is an option of ours, since it also shows what the playbook takes. */
function playbookCommand(program: Command, name: string): Command {
  return program.command(name).usage('PLAYBOOK -i INVENTORY [options]').argument('[PLAYBOOK]', 'the playbook, a TypeScript file')
    .helpOption(false)
    .option('-i, --inventory <inventory>', INVENTORY_HELP, each, [])
    .option('--limit <pattern>', 'only these hosts of the playbook: names, groups, globs, ~regex, joined by , or :, with & and !')
    .option('--set <name=value>', 'a variable of the playbook; may stand several times', each, [])
    .option('--vars <file>', 'variables from a YAML or JSON file; --set wins', each, [])
    .option('--tags <tags>', 'only tasks with one of these tags, and the queries that they use', list, [])
    .option('--skip-tags <tags>', 'no tasks with one of these tags', list, [])
    .option('--verbose', 'show every host of every task, and where the time goes', false)
    .option('-h, --help', 'print this help; with a playbook also its description and variables', false);
}

function version(): string {
  const parsed: unknown = require('../../package.json');
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
