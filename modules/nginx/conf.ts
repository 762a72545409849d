/** An nginx configuration file as directives that know where they stand; the text itself is kept, so nothing of it is lost. */
import { RefusedError } from '../../core/errors';
import { lineOf } from '../systemd/text';
import { tokenize, type Token } from './lexer';

/** A directive, simple (`listen 80;`) or with a block. */
export interface Directive {
  readonly name: string;
  /** What follows the name, unquoted; each knows its place, quotes included. */
  readonly args: readonly Token[];
  /** From the first character of its name to the one after its `;` or `}`. */
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly block: Block | undefined;
}

/** What stands between two braces. */
export interface Block {
  /** Offset after the `{`, and of the `}`. */
  readonly start: number;
  readonly end: number;
  /** Empty for a block of Lua. */
  readonly directives: readonly Directive[];
}

/** A parsed file. */
export interface ConfFile {
  readonly path: string;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly directives: readonly Directive[];
}

/** Parses a configuration file. @param path where it lies, for messages @throws RefusedError naming file and line where nginx would not read it either */
export function parseConf(path: string, text: string): ConfFile {
  const tokens = tokenize(text);
  const reader = new Reader(path, text, tokens.filter(token => token.kind !== 'space' && token.kind !== 'comment'));
  return { path, text, tokens, directives: reader.directives(undefined) };
}

/** The text again, byte for byte. */
export function printConf(file: ConfFile): string {
  return file.tokens.map(token => file.text.slice(token.start, token.end)).join('');
}

class Reader {
  #at = 0;
  constructor(private readonly path: string, private readonly text: string, private readonly tokens: readonly Token[]) {}

  /** The directives up to the end of the file, or up to the `}` of the block that `opened` opened. */
  directives(opened: Token | undefined): readonly Directive[] {
    const found: Directive[] = [];
    for (let token = this.tokens[this.#at]; token !== undefined; token = this.tokens[this.#at]) {
      if (token.kind === '}' && opened !== undefined) return found;
      if (token.kind !== 'word') this.#fail(token, token.kind === 'broken' ? 'a quote or block is not closed here' : `unexpected "${token.value}"`);
      found.push(this.#directive(token));
    }
    if (opened !== undefined) this.#fail(opened, 'this block is not closed');
    return found;
  }

  #directive(name: Token): Directive {
    const args: Token[] = [];
    this.#at += 1;
    for (let token = this.tokens[this.#at]; token !== undefined; token = this.tokens[this.#at]) {
      this.#at += 1;
      if (token.kind === 'word') args.push(token);
      else if (token.kind === ';') return this.#made(name, args, token, undefined);
      else if (token.kind === '{') return this.#withBlock(name, args, token);
      else this.#fail(token, token.kind === 'broken' ? 'a quote or block is not closed here' : `unexpected "${token.value}" in "${name.value}"`);
    }
    return this.#fail(name, `"${name.value}" does not end with ";"`);
  }

  #withBlock(name: Token, args: readonly Token[], open: Token): Directive {
    const isLua = name.value.endsWith('_by_lua_block');
    if (isLua && this.tokens[this.#at]?.kind === 'lua') this.#at += 1;
    const directives = this.directives(open);
    const close = this.tokens[this.#at];
    if (close === undefined) return this.#fail(open, 'this block is not closed');
    this.#at += 1;
    return this.#made(name, args, close, { start: open.end, end: close.start, directives });
  }

  #made(name: Token, args: readonly Token[], last: Token, block: Block | undefined): Directive {
    return { name: name.value, args, start: name.start, end: last.end, line: lineOf(this.text, name.start), block };
  }

  #fail(token: Token, what: string): never {
    throw new RefusedError(`${this.path}:${lineOf(this.text, token.start)}: ${what}`);
  }
}
