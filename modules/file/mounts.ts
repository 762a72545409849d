/** What is mounted at a path of a host or below it. @see proc_mounts(5) */
import { cmd, raw, type Command } from '../../core/transport/command';

/** Prints `mount <path>` for each. @param real a command that prints the path without links */
export function mountsAt(real: Command): Command {
  // The table names real paths and writes blanks as \040.
  return cmd`r=$(${real}); r=${raw('"${r%/}"')}
while read -r _ m _; do
  case $m in *\\*) m=$(printf %b "$m");; esac
  case $m in "$r"|"$r"/*) printf 'mount %s\n' "$m";; esac
done < /proc/mounts`;
}

/** The paths that the command above printed. */
export function parseMounts(stdout: string): string[] {
  return stdout.split('\n').filter(line => line.startsWith('mount ')).map(line => line.slice('mount '.length));
}
