/** Carries out a prepared run: transport, reporter, journal and signals around the engine. */
import { hostname, userInfo } from 'node:os';
import { dirname, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError, describeError, messageOf } from '../errors';
import type { Host } from '../inventory/host';
import { EVENT_VERSION, type RunnerEvent } from '../report/events';
import { openJournal, type Journal } from '../run/journal';
import type { Guard, RunJob } from '../run/job';
import { Ledger, type Done } from '../run/ledger';
import { runPlaybook } from '../run/run';
import { openUndoLog } from '../run/undo-log';
import { redact, type Secret } from '../secret';
import type { Transport } from '../transport/connection';
import { ask, askStep, questionsOn, type Asking } from './ask';
import type { EarlyTransport } from './early';
import { Interrupts } from './interrupts';
import { recordOf, type JobRecord } from './job-record';
import type { RunOptions } from './options';
import { isDrawable, Output } from './output';
import { JOURNALS } from './past-runs';
import type { Prepared } from './prepare';
import { transportFor } from './reach';
import { recapFor } from './recap';
import { argsOf } from './run-args';
import { keepHeapSmall } from './small-heap';
import type { Timings } from './timings';
import { timingLines, type RunTimings } from './timings-table';

/** How long whoever leaves at once waits for commands to be killed. */
const LEAVE_MS = 2000;

export interface RunFrame {
  readonly options: RunOptions;
  readonly timings: Timings;
  /** For sudo, on hosts whose inventory names none. */
  readonly password: Secret | undefined;
  /** One that may be connecting already. */
  readonly transport?: EarlyTransport;
  /** Told of every event. */
  readonly listen?: (event: RunnerEvent) => void;
  /** Nothing is printed and nothing written down: the look before an apply. */
  readonly silent?: boolean;
  /** The run that this one goes on after, and which commands had finished well there. */
  readonly after?: { readonly run: string; readonly done: readonly Done[] };
  /** The plan that is applied: its file, and what it permits. */
  readonly plan?: { readonly file: string; readonly guard: Guard };
  /** The run that it takes back. */
  readonly rollsBack?: string;
}

/** Runs it and returns the exit code. */
export async function carryOut(prepared: Prepared, frame: RunFrame): Promise<number> {
  const { options } = frame;
  const { runId, plan } = prepared;
  keepHeapSmall(plan.hosts.length);
  const meter = frame.silent === true ? undefined : frame.timings.meter;
  const before = { steps: frame.timings.steps, begun: performance.now() };
  const journal = frame.silent === true ? undefined : journalFor(prepared, frame);
  const output = new Output(options);
  let isOver = false;
  const emit = (event: RunnerEvent): void => {
    // The recap is the last event, whoever ended the run.
    if (isOver) return;
    isOver = event.type === 'recap';
    frame.listen?.(event);
    if (frame.silent !== true) output.report(event);
    journal?.report(event);
  };
  const notice = (text: string, host?: string): void => {
    emit({ v: EVENT_VERSION, run: runId, at: new Date().toISOString(), type: 'notice', level: 'info', text: redact(text), ...(host === undefined ? {} : { host }) });
  };
  const tell = (host: Host, text: string): void => notice(text, host.name);
  const plain = frame.transport ?? transportFor({ runId, options, password: frame.password, notice: tell, watch: meter });
  if (frame.transport !== undefined) frame.transport.notice = tell;
  const transport = options.verbose ? timed(plain, frame.timings, notice) : plain;
  const leave = async (exit: number, stopped: string): Promise<void> => {
    emit(recapFor({ runId, exit, check: options.check, stopped }));
    await Promise.race([Promise.all([transport.close(), output.close()]), delay(LEAVE_MS)]);
    process.exit(exit);
  };
  using interrupts = new Interrupts({
    stop: why => notice(`${why}: stopping; no further task starts, and commands at work are killed. Once more leaves at once.`),
    leave: () => { void leave(130, 'left at once; commands may still be at work for a moment'); },
    crash: error => { void leave(2, describeError(error)); },
  });
  output.onClosed(() => interrupts.hangUp('nobody reads the output any more'));
  const ledger = options.check || journal === undefined ? undefined : new Ledger(runId, done => journal.done(done), frame.after?.done);
  const undo = options.check || journal === undefined ? undefined : openUndoLog(dirname(journal.path), notice);
  const recap = await runPlaybook({ ...jobFor(prepared, { frame, transport, emit, output, interrupts }), ...(ledger === undefined ? {} : { ledger }), ...(undo === undefined ? {} : { undo }), ...(meter === undefined ? {} : { meter }) });
  await output.close();
  await journal?.close();
  undo?.close();
  if (meter !== undefined) tellTimings({ ...before, ended: performance.now(), figures: meter.figures() }, questionsOn(options));
  const problem = journal?.problem();
  if (journal !== undefined && problem !== undefined) process.stderr.write(`the journal ${journal.path} is not complete: ${problem}\n`);
  return recap.exit;
}

function jobFor(prepared: Prepared, rest: Pick<RunJob, 'transport' | 'emit'> & { readonly frame: RunFrame; readonly output: Output; readonly interrupts: Interrupts }): RunJob {
  const { runId, playbook, vars, inventory, selection } = prepared;
  const { frame: { options, plan }, output, interrupts, ...job } = rest;
  const { signal } = interrupts;
  const { check, forks, become, ahead } = options;
  const asking: Asking = { output: questionsOn(options), signal, aside: question => output.aside(question) };
  return {
    ...job, runId, signal, playbook, vars, inventory, selection,
    settings: { check, forks, become, ahead, lockWaitMs: options.lockWait, timeoutMs: options.timeout },
    holder: `${userInfo().username}@${hostname()}`,
    ask: text => ask(text, { yes: options.yes, ...asking }),
    ...(options.step ? { step: async task => await askStep(task, asking) ?? hungUp(interrupts) } : {}),
    ...(plan === undefined ? {} : { guard: plan.guard }),
  };
}

function tellTimings(timings: RunTimings, out: NodeJS.WriteStream): void {
  out.write(`${timingLines(timings, isDrawable(out) ? out.columns : undefined).join('\n')}\n`);
}

/** The input ended at a question of --step. */
function hungUp(interrupts: Interrupts): 'no' {
  interrupts.hangUp('the input ended');
  return 'no';
}

/** Tells once how long it took until the first host answered. */
function timed(transport: Transport, timings: Timings, notice: (text: string) => void): Transport {
  let begun = false;
  let told = false;
  return {
    close: () => transport.close(),
    link: async (host, signal) => {
      if (!begun) timings.mark('first connection begun');
      begun = true;
      const link = await transport.link(host, signal);
      if (!told) {
        told = true;
        timings.mark(`${host.name} connected`);
        notice(timings.text());
      }
      return link;
    },
  };
}

/** What a prepared run was asked for. */
export function recordFor({ runId, path, playbook, selection, checked }: Prepared, { options, after, plan, rollsBack }: RunFrame): JobRecord {
  return recordOf({
    runId, name: playbook.name, checked, ...argsOf(relative(process.cwd(), path), options, selection.limit),
    ...(after === undefined ? {} : { resumes: after.run }), ...(plan === undefined ? {} : { applies: plan.file }),
    ...(rollsBack === undefined ? {} : { rollsBack }),
  });
}

function journalFor(prepared: Prepared, frame: RunFrame): Journal {
  try {
    return openJournal(JOURNALS, prepared.runId, recordFor(prepared, frame));
  } catch (error) {
    throw new UsageError(`the journal ${JOURNALS} cannot be made in ${process.cwd()}: ${messageOf(error)}`, 'Start the run in a folder where you may write.');
  }
}
