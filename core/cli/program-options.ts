/** Options that several commands share, declared once. */
import { Option, type Command } from 'commander';
import { each, list, positive, seconds, secondsOrNone } from './options';

export const INVENTORY_HELP = 'inventory: a file (INI or TypeScript), or hosts with commas; may stand several times';

/** A command about a playbook. Its `--help` is an option of ours, since it also shows what the playbook takes. */
export function playbookCommand(program: Command, name: string): Command {
  return program.command(name).usage('PLAYBOOK -i INVENTORY [options]').argument('[PLAYBOOK]', 'the playbook, a TypeScript file')
    .helpOption(false)
    .option('-i, --inventory <inventory>', INVENTORY_HELP, each, [])
    .option('--limit <pattern>', 'only these hosts of the playbook: names, groups, globs, ~regex, @file, @failed, @unreachable, joined by , or :, with & and !')
    .option('--set <name=value>', 'a variable of the playbook; may stand several times', each, [])
    .option('--vars <file>', 'variables from a YAML or JSON file; --set wins', each, [])
    .option('--tags <tags>', 'only tasks with one of these tags or "always", and the queries that they use', list, [])
    .option('--skip-tags <tags>', 'no tasks with one of these tags', list, [])
    .option('--start-at <id>', 'begin with this task (--list-tasks prints ids); queries before it that later tasks use run too')
    .option('--verbose', 'show every host of every task, and where the time goes', false)
    .option('-h, --help', 'print this help; with a playbook also its description and variables', false);
}

/** How hosts are reached and worked on. */
export function addReach(command: Command): Command {
  return addLogin(command)
    .option('--max-hosts <n>', 'refuse to run on more hosts than that', positive)
    .option('--timeout <s>', 'time limit of a task on a host that sets none, in seconds (600)', seconds, 600_000)
    .option('--no-ahead', 'look at a host only when a task\'s turn has come, instead of for many tasks at once')
    .option('--lock-wait <s>', 'how long to wait for another run that holds a host, in seconds (60)', secondsOrNone, 60_000)
    .option('--timings', 'say at the end where the time went, by phase and by task', false);
}

/** How hosts are reached. */
export function addLogin(command: Command): Command {
  return command
    .option('--forks <n>', 'hosts at work at the same time (50)', positive, 50)
    .option('-u, --user <user>', 'log in as this user where the inventory names none')
    .option('--private-key <file>', 'log in with this key where the inventory names none')
    .option('-b, --become', 'become root, by sudo', false)
    .option('-K, --ask-become-password', 'ask for the password of sudo', false)
    .option('--become-password-file <file>', 'read the password of sudo from a file (or RUNSHEET_BECOME_PASSWORD_FILE)')
    .addOption(new Option('--host-key <policy>', 'host keys that are not known: refuse them (strict, the default) or learn them (accept-new)').choices(['strict', 'accept-new']).default('strict'));
}

/** Who answers questions. */
export function addAnswers(command: Command): Command {
  return command
    .option('--step', 'ask before each task', false)
    .option('--yes', 'answer yes to what the playbook asks', false);
}

/** For what is run again: how it is shown, and values that nobody wrote down. */
export function addAgain(command: Command): Command {
  return addAnswers(command.helpOption('-h, --help', 'print this help'))
    .option('--set <name=value>', 'a variable whose value was not written down, since it is a secret', each, [])
    .option('--diff', 'show the changes in texts', false)
    .option('--verbose', 'show every host of every task, and where the time goes', false)
    .option('--timings', 'say at the end where the time went, by phase and by task', false)
    .option('--json', 'print the events of the run, one a line', false);
}
