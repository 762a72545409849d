/** Shell commands as values: only the quoting template makes one, so an unquoted string does not compile. */

declare const brand: unique symbol;

/** A piece of POSIX sh that is safe to run. Made by `cmd` (quotes every value) or `raw` (a fixed text of ours). */
export interface Command {
  readonly text: string;
  readonly [brand]: true;
}

export type CommandPart = string | number | Command | readonly (string | number)[];

/**
 * Builds a command; every interpolated string or number is quoted for POSIX sh, an array becomes its items quoted and separated by blanks,
 * a `Command` is put in as it is.
 *
 *     cmd`systemctl show ${unit} -p ${'MainPID'}`
 *
 * The literal text is taken raw: `\n` and `\\` reach the shell as written.
 * @throws TypeError when a value holds a NUL byte, which no argument can carry.
 */
export function cmd(strings: TemplateStringsArray, ...parts: readonly CommandPart[]): Command {
  const text = strings.raw.map((piece, i) => {
    const part = parts[i];
    return part === undefined ? piece : piece + render(part);
  });
  return brandCommand(text.join(''));
}

/** A fixed shell text of ours, put in as it is. Never for text that came from a user or a host. */
export function raw(text: string): Command {
  return brandCommand(text);
}

/** Commands joined into one script, one a line. */
export function lines(...commands: readonly Command[]): Command {
  return brandCommand(commands.map(command => command.text).join('\n'));
}

/** A command whose text is made when it is asked for, each time anew. */
export function late(make: () => Command): Command {
  return brandCommand(() => make().text);
}

/** One argument, quoted for POSIX sh. @throws TypeError when it holds a NUL byte. */
export function quote(argument: string): string {
  if (argument.includes('\0')) throw new TypeError('an argument of a command cannot hold a NUL byte');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

function render(part: CommandPart): string {
  if (typeof part === 'string' || typeof part === 'number') return quote(String(part));
  if ('text' in part) return part.text;
  return part.map(item => quote(String(item))).join(' ');
}

function brandCommand(text: string | (() => string)): Command {
  return (typeof text === 'string' ? { text } : { get text() { return text(); } }) as Command;
}
