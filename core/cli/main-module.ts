/** Lets `npx ts-node playbooks/x.ts ...` be `runsheet run playbooks/x.ts ...`. */

/** What is needed of `./main`. Its own type would put the whole command line, and every library it uses, into the type check of each playbook. */
interface CommandLine {
  readonly main: (argv: readonly string[]) => Promise<void>;
}

/** Runs the playbook of this file with the command line's options when the file itself was started. @param own the file's `module` */
export function runIfMain(own: NodeJS.Module): void {
  if (require.main !== own) return;
  // Loaded here and not above: a playbook that is only imported needs no command line.
  const { main } = require('./main') as CommandLine;
  // After the file has finished: its default export must be there before the run asks for it.
  setImmediate(() => { void main(['run', own.filename, ...process.argv.slice(2)]); });
}
