/** `npm run proof -- NAME [--minutes M]`: longer proofs, which go on where the last call stopped and write their figures to docs/proof.md. */
import { Argument, Command, InvalidArgumentError } from 'commander';
import { describeError } from '../core/errors';
import { boundaries } from './proofs/boundaries';
import { carryOut } from './proofs/carry-out';
import { check } from './proofs/check';
import { everyday } from './proofs/everyday';
import { kills } from './proofs/kills';
import type { Proof } from './proofs/proof';
import { real } from './proofs/real';
import { rollback } from './proofs/rollback';
import { variants } from './proofs/variants';

const PROOFS: readonly Proof[] = [real, variants, kills, boundaries, rollback, check, everyday];
const MINUTE_MS = 60_000;

interface Options { readonly minutes?: number; readonly fresh: boolean }

async function main(): Promise<void> {
  const program = new Command('proof')
    .description('Carries out a proof on labs of this machine and writes its figures to docs/proof.md. A later call goes on with the cases that are not done, or did not hold.')
    .addArgument(new Argument('<name>', 'which proof').choices(PROOFS.map(proof => proof.name)))
    .option('--minutes <m>', 'begin no case that would take longer than that in all', minutes)
    .option('--fresh', 'forget what was done before', false)
    .action(prove);
  await program.parseAsync();
}

async function prove(name: string, options: Options): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error('Proofs boot real systemd hosts in network namespaces: they need Linux and root.');
  const proof = PROOFS.find(each => each.name === name);
  if (proof === undefined) throw new Error(`There is no proof "${name}".`);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => { stopping.abort(); });
  const { done, total, problems } = await carryOut(proof, {
    ...(options.minutes === undefined ? {} : { limitMs: options.minutes * MINUTE_MS }),
    fresh: options.fresh, signal: stopping.signal, progress: line => { process.stdout.write(`${line}\n`); },
  });
  process.stdout.write(`${done} of ${total} cases of the proof "${name}" are done.${done < total ? ' The same command goes on with the rest.' : ''}\n`);
  if (problems.length > 0) process.exitCode = 1;
  if (stopping.signal.aborted) process.exitCode = 130;
}

function minutes(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('Write a number of minutes.');
  return number;
}

main().catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
});
