/** One framed command in a session: listens, waits for the marks on both streams, kills when told to. */
import { Collector, FrameReader } from './frame';
import type { Guard } from './guard';
import { watch, type KillReason, type Order, type Outcome } from './outcome';
import type { Session } from './session';
import { settled, type Limits } from './limits';
import type { Channel } from './wire';

/** A command and the session it runs in. */
export interface FramedRun {
  readonly session: Session;
  readonly guard: Guard;
  readonly order: Order;
  readonly mark: string;
  readonly limits: Limits;
  /** Sends the frame, once everything listens. */
  readonly send: () => void;
  /** Sees the output as it comes; what `stdout` returns `true` for is not collected. */
  readonly tap?: { stdout(bytes: Buffer): boolean; stderr(bytes: Buffer): void };
}

/** The channel closed before the command's end was told. */
export class ChannelGone extends Error {}

/** Runs it. A killed command is waited for until its channel closes. @throws ChannelGone */
export async function runFramed(run: FramedRun): Promise<Outcome> {
  const { session: { channel, pgid }, guard, mark, limits, tap } = run;
  const started = performance.now();
  let killed: KillReason | undefined;
  let letGo: () => void = () => undefined;
  const gone = new Promise<void>(resolve => { letGo = resolve; });
  const kill = (reason: KillReason): void => {
    if (killed !== undefined) return;
    killed = reason;
    guard.kill(pgid);
    void settled(channel.closed, limits.closeMs).then(() => {
      channel.destroy();
      letGo();
    });
  };
  const collected = {
    stdout: new Collector(limits.maxOutput, () => kill('flooded')),
    stderr: new Collector(limits.maxOutput, () => kill('flooded')),
  };
  const stdout = new FrameReader(mark, bytes => {
    if (tap?.stdout(bytes) !== true) collected.stdout.push(bytes);
  });
  const stderr = new FrameReader(mark, bytes => {
    tap?.stderr(bytes);
    collected.stderr.push(bytes);
  });
  const complete = (): boolean => stdout.end !== undefined && stderr.end !== undefined;
  const done = new Promise<void>(resolve => {
    const feed = (reader: FrameReader) => (chunk: Buffer): void => {
      reader.push(chunk);
      if (complete()) resolve();
    };
    channel.listen({ stdout: feed(stdout), stderr: feed(stderr) });
  });
  const unwatch = watch(run.order, kill);
  run.send();
  await Promise.race([done, channel.closed, gone, shellKilled(channel, limits)]);
  unwatch();
  stdout.close();
  stderr.close();
  const result = { stdout: collected.stdout.bytes(), stderr: collected.stderr.bytes(), ms: Math.round(performance.now() - started) };
  if (killed !== undefined) return { ...result, code: -1, killed };
  if (complete()) return { ...result, code: Number(stdout.end) };
  // Without a mark there is no shell any more, and what it left must not go on unseen.
  guard.kill(pgid);
  channel.destroy();
  const { signal } = await channel.exit;
  if (signal === undefined) throw new ChannelGone();
  return { ...result, code: -1, signal };
}

/** The shell itself was killed on the host; what it started may hold the channel open for long. */
async function shellKilled(channel: Channel, limits: Limits): Promise<void> {
  const { signal } = await channel.exit;
  await (signal === undefined ? channel.closed : settled(channel.closed, limits.closeMs));
}
