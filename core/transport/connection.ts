/** What a module sees of a host: run a command, read and write files, reach a port. Implemented by the ssh and local transports. */
import type { Duplex } from 'node:stream';
import type { Foreseen } from '../foreseen';
import type { Host } from '../inventory/host';
import type { PathQuestion } from '../path-look';
import type { Secret } from '../secret';
import type { Command } from './command';

/** How a command ended and what it printed. */
export interface CommandResult {
  /** The command's text, secrets masked. */
  readonly command: string;
  /** Exit code; -1 when a signal or a time limit ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as bytes, for what is not text. */
  readonly bytes: Buffer;
  /** Wall time in milliseconds as the controller saw it. */
  readonly ms: number;
  /** How long the host worked on it, in milliseconds by its own clock of hundredths of a second; only where a run is measured. */
  readonly hostMs?: number;
  readonly signal?: string;
  readonly timedOut?: boolean;
}

export interface RunOptions {
  /** Exit codes that are answers; any other throws a CommandError. Default `[0]`. */
  readonly expect?: readonly number[] | 'any';
  /** Time limit in milliseconds; default: what is left of the task's. After it the command's whole process group is killed. */
  readonly timeoutMs?: number;
  readonly stdin?: string | Buffer | Secret;
  /**
   * In the open shell, small input without NUL bytes is the shell variable `runsheet_input` instead of standard input: nothing is started to hand it over.
   * The command takes the variable where it is set, and reads its input where it is not. It must not export it, nor hand it to a program as an argument.
   */
  readonly inputAsVariable?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly chdir?: string;
  /**
   * `shell` (default): through the open shell, one round trip, for short commands of modules that leave nothing behind.
   * `own`: an exec channel and process group of its own, for users' commands, anything long, or anything that starts children.
   */
  readonly channel?: 'shell' | 'own';
  /**
   * For a look: what is sent when it is sent before its turn. It may exit with 75 (EX_TEMPFAIL, sysexits.h) where that would be too much. Questions about
   * paths are asked together with those of other looks.
   */
  readonly ahead?: Command | PathQuestion | readonly PathQuestion[];
  /** Another command of the same change follows for sure, so no look is sent behind this one: it would be in vain. */
  readonly goesOn?: boolean;
  /** The output holds a secret: it is kept out of errors, events and journals. */
  readonly secretOutput?: boolean;
  /** Called with each line as it arrives; only on an own channel. */
  readonly onLine?: (line: string) => void;
  /** When it is aborted the command's whole process group is killed and `run` rejects. The engine sets it to the task's signal (time limit, cancel). */
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  /** Octal mode, `0o644`. Default: the old file's, else 0644 (0600 when the content is a secret). */
  readonly mode?: number;
  /** Owner and group by name or number. Default: the old file's, else the connection's user. */
  readonly owner?: string | number;
  readonly group?: string | number;
  /** See `RunOptions`. */
  readonly goesOn?: boolean;
}

/** A link to one host as one user. All methods throw ConnectionError when the link is gone; the outcome is then unknown. */
export interface Connection {
  readonly host: Host;
  /** The user that commands run as: the login user, or the one become was asked for. */
  readonly user: string;
  /** Check mode: what will be on the host once the changes planned so far are made. In a run there is none. */
  readonly foreseen?: Foreseen | undefined;
  /** Runs a command in POSIX sh with LC_ALL=C, a PATH with sbin and umask 022. @throws CommandError for a code not in `expect`, a signal, the time limit. */
  run(command: Command, options?: RunOptions): Promise<CommandResult>;
  /**
   * Puts a file in place: a temporary file in the same directory, its checksum compared, synced, owner, mode and label of the old file kept,
   * renamed. A reader sees the old file or the new one. A symbolic link's target is replaced, the link kept.
   * @throws CommandError; then the old file is untouched and nothing is left behind.
   */
  write(path: string, content: string | Buffer | Secret, options?: WriteOptions): Promise<void>;
  /** The whole file. @throws CommandError when it cannot be read. */
  read(path: string): Promise<Buffer>;
  /** The whole file as a secret: it is never printed. */
  readSecret(path: string): Promise<Secret>;
  /** Saves a host's file on the controller (mode 0600, streamed, renamed when complete) and returns its sha256 as hex. */
  fetch(path: string, to: string): Promise<string>;
  /**
   * A stream to an address as the host reaches it (SSH direct-tcpip).
   * @throws ConnectionError when the host refuses it; `hint` says so where AllowTcpForwarding is off.
   */
  forward(address: string, port: number): Promise<Duplex>;
}

/** How a connection is asked ahead. */
export interface LookOptions extends Pick<RunOptions, 'expect' | 'timeoutMs' | 'signal'> {
  /** The command neither ends nor changes the shell that it runs in: the open shell carries it out itself, a process less. */
  readonly staysInside?: boolean;
}

/** What the engine gets: a connection that can be asked ahead. */
export interface OpenConnection extends Connection {
  /**
   * Runs a command that only reads, in the open shell, behind what was sent before it but without waiting for the answers: many looks cost one round trip.
   * One that is killed takes those behind it along.
   * @throws as `run`, and ConnectionError although the link is up when a look before it was killed: it may be sent again
   */
  look(command: Command, options?: LookOptions): Promise<CommandResult>;
}

/** What modules get: a connection within a task of a run. */
export interface Target extends Connection {
  /** Id of the run, as in `-bak-<run>` and `.<name>.runsheet-<run>`. UTC, `20260822T101500Z-1a2b`. */
  readonly runId: string;
  /** Aborted when the task's time is up or the user cancels. */
  readonly signal: AbortSignal;
  /** One line about progress, shown beside the task while it runs. */
  say(line: string): void;
  /** A text for the user that stays: a notice of the run, in every mode of output and in the journal. Secrets are masked. */
  print(text: string): void;
}

/** The lock that a run holds on a host. */
export interface HostLock {
  /** Gives it back; never throws. */
  release(): Promise<void>;
}

/** Who wants a lock, written on the host for whoever is refused. */
export interface LockClaim {
  readonly run: string;
  readonly playbook: string;
  /** user@controller */
  readonly holder: string;
  /** How long to wait for another run's lock, in milliseconds. */
  readonly waitMs: number;
  readonly say: (line: string) => void;
}

/** One host's link for the whole run: a connection per user over one SSH connection. */
export interface HostLink {
  readonly host: Host;
  /** The connection as the login user (`undefined`) or as another one, by sudo. Opened once, then shared. */
  as(becomeUser: string | undefined): Promise<OpenConnection>;
  /** Takes the host's lock. @throws RefusedError naming holder, run and since when. */
  lock(claim: LockClaim, becomeUser: string | undefined): Promise<HostLock>;
  /** Ends every command that still runs and closes the link; never throws. */
  close(): Promise<void>;
}

/** Opens links; one for each run. */
export interface Transport {
  /** Connects, or returns the link that there is, also when it is down: then all that is asked of it throws. @throws ConnectionError with what to do. */
  link(host: Host, signal: AbortSignal): Promise<HostLink>;
  /** Closes all links: no command, lock or temporary socket stays. Never throws. */
  close(): Promise<void>;
}
