/**
 * The guard: a shell of the same user, on a channel of its own, that knows the process groups of what runs and kills them when its input ends or the
 * controller falls silent. So a cancel, a timeout, a cut link and a dead or frozen controller leave no command running.
 */
import type { Session } from './session';
import { settled, type Limits } from './limits';

/** What a guard is made of. */
export interface GuardOptions {
  /** Opens a session of the user whose commands are guarded, with this script. */
  readonly open: (script: string) => Promise<Session>;
  /** The command that starts a POSIX shell. */
  readonly sh: string;
  readonly limits: Limits;
}

/** Watches over the process groups of one user on one host; a guard that was killed there is replaced. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #groups = new Set<number>();
  readonly #doomed = new Set<number>();
  #session: Promise<Session> | undefined;
  #input: Session['channel']['input'] | undefined;
  #closed = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Resolves when the guard stands. @throws ConnectionError */
  async ready(): Promise<void> {
    this.#session ??= this.#open();
    await this.#session;
  }

  /** From now on the group dies with the link. */
  add(pgid: number): void {
    this.#groups.add(pgid);
    this.#tell(`+${pgid}`);
  }

  /** The group's command has ended; children that it left are left alone. */
  remove(pgid: number): void {
    this.#groups.delete(pgid);
    this.#doomed.delete(pgid);
    this.#tell(`-${pgid}`);
  }

  /** Kills the group, and what left the group but not its session (as timeout(1) does), with SIGKILL. */
  kill(pgid: number): void {
    this.#doomed.add(pgid);
    this.#tell(`=${pgid}`);
  }

  /** Kills all groups and ends the guard; waits a moment for the host to say that it is done. Never throws. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#session === undefined) return;
    await settled(this.#session, this.#options.limits.closeMs);
    if (this.#input === undefined) return;
    const { channel } = await this.#session;
    channel.input.end();
    await settled(channel.closed, this.#options.limits.closeMs);
    channel.destroy();
  }

  async #open(): Promise<Session> {
    const { open, sh, limits } = this.#options;
    const session = await open(guardScript(sh, limits.silenceMs)).catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    session.channel.listen({ stdout: () => undefined, stderr: () => undefined });
    this.#input = session.channel.input;
    for (const pgid of this.#groups) this.#tell(`+${pgid}`);
    for (const pgid of this.#doomed) this.#tell(`=${pgid}`);
    const beat = setInterval(() => this.#tell('.'), limits.beatMs);
    beat.unref();
    void session.channel.exit.then(() => {
      clearInterval(beat);
      this.#input = undefined;
      this.#session = undefined;
      if (!this.#closed && this.#groups.size > 0) this.ready().catch(() => undefined);
    });
    return session;
  }

  #tell(line: string): void {
    if (this.#input?.writable === true) this.#input.write(`${line}\n`);
  }
}

/**
 * dash cannot read with a time limit, so a shell under timeout(1) reads, until a beat comes: then the next one has the whole time again. It kills what it is told
 * to at once, and what else it hears counts also when its time is up. `read` takes no byte beyond the line. `kill -9 -PGID`: with `--` dash and busybox refuse it.
 */
function guardScript(sh: string, silenceMs: number): string {
  return `
end='end() {
  kill -9 "-$1"
  for f in /proc/[0-9]*/stat; do
    read -r x <"$f" && x=\${x##*) } && set -- "$1" $x && [ "$5" = "$1" ] && p=\${f#/proc/} && kill -9 "\${p%/stat}"
  done
} 2>/dev/null'
hear='
while IFS= read -r l; do
  case $l in
    =*) end "\${l#?}" ;;
    .) exit 0 ;;
    *) echo "$l" ;;
  esac
done
exit 1'
note() {
  for l in $heard; do
    g=\${l#?}
    case $l in
      +*) s="$s$g " ;;
      -*) case $s in *" $g "*) s="\${s%% $g *} \${s#* $g }" ;; esac ;;
    esac
  done
}
s=" "
while heard=$(exec timeout ${Math.ceil(silenceMs / 1000)} ${sh} -c "$end$hear"); do note; done
note
eval "$end"
for g in $s; do end "$g"; done
`;
}
