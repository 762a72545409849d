/** Lets `npx ts-node playbooks/x.ts ...` be `runsheet run playbooks/x.ts ...`. */

/** Runs the playbook of this file with the command line's options when the file itself was started. @param own the file's `module` */
export function runIfMain(own: NodeJS.Module): void {
  if (require.main !== own) return;
  // Loaded here and not above: a playbook that is only imported needs no command line.
  const { main } = require('./main') as typeof import('./main');
  // After the file has finished: its default export must be there before the run asks for it.
  setImmediate(() => { void main(['run', own.filename, ...process.argv.slice(2)]); });
}
