/**
 * Tokens of an nginx configuration, losslessly: every character belongs to exactly one token.
 *
 * The rules are those of nginx's own `ngx_conf_read_token`: a word ends at a blank, `;` or `{` (a `}` inside it does not end it), `${` does
 * not open a block, a quote opens a string only at the beginning of a word, `#` begins a comment only there too. What stands in a
 * `*_by_lua_block` is Lua and kept as one opaque token.
 */

export type TokenKind = 'space' | 'comment' | 'word' | ';' | '{' | '}' | 'lua' | 'broken';

export interface Token {
  readonly kind: TokenKind;
  /** Offsets of the first character and of the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Of a word: without quotes and escapes. Of other tokens: as written. */
  readonly value: string;
}

/** All tokens; `broken` is the last one where the text is no configuration: an open quote or block of Lua, or no blank after a quote. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  /** The first word of the directive that is being read. */
  let directive: string | undefined;
  for (let at = 0; at < text.length;) {
    const token = readToken(text, at, tokens.at(-1));
    tokens.push(token);
    at = token.end;
    if (token.kind === 'word') directive ??= token.value;
    if (token.kind === '{' && directive?.endsWith('_by_lua_block') === true && at < text.length) {
      const lua = readLua(text, at);
      if (lua.end > lua.start) tokens.push(lua);
      at = lua.end;
    }
    if (token.kind === ';' || token.kind === '{' || token.kind === '}') directive = undefined;
  }
  return tokens;
}

function readToken(text: string, start: number, before: Token | undefined): Token {
  const make = (kind: TokenKind, end: number): Token => ({ kind, start, end, value: text.slice(start, end) });
  const char = text.charAt(start);
  const behindQuote = before?.kind === 'word' && /["']/.test(text.charAt(before.start));
  const space = /^[ \t\r\n]+/.exec(text.slice(start, start + 4096))?.[0];
  if (space !== undefined) return make('space', start + space.length);
  if (char === ';' || char === '{') return make(char, start + 1);
  if (behindQuote && char !== ')') return make('broken', text.length);
  if (char === '}') return make('}', start + 1);
  if (char === '#') return make('comment', endOfLine(text, start));
  return char === '"' || char === "'" ? readQuoted(text, start) : readWord(text, start);
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function readQuoted(text: string, start: number): Token {
  const quote = text.charAt(start);
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== quote) at += text.charAt(at) === '\\' ? 2 : 1;
  if (at >= text.length) return { kind: 'broken', start, end: text.length, value: text.slice(start) };
  return { kind: 'word', start, end: at + 1, value: unescape(text.slice(start + 1, at)) };
}

function readWord(text: string, start: number): Token {
  let at = start;
  let variable = false;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '{' && variable) {
      at += 1;
      continue;
    }
    if (/[ \t\r\n;{]/.test(char)) break;
    variable = char === '$';
    at += char === '\\' ? 2 : 1;
  }
  const end = Math.min(at, text.length);
  return { kind: 'word', start, end, value: unescape(text.slice(start, end)) };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\t': '\t', '\\r': '\r', '\\n': '\n', '\\"': '"', "\\'": "'", '\\\\': '\\' };

function unescape(text: string): string {
  return text.replaceAll(/\\[trn"'\\]/g, found => ESCAPES[found] ?? found);
}

/** Lua up to the brace that closes its block; braces in its strings and comments do not count. */
function readLua(text: string, start: number): Token {
  let depth = 1;
  const piece = /--\[(=*)\[[\s\S]*?(?:\]\1\]|$)|--[^\n]*|\[(=*)\[[\s\S]*?(?:\]\2\]|$)|"(?:\\[\s\S]|[^"\\])*(?:"|$)|'(?:\\[\s\S]|[^'\\])*(?:'|$)|[{}]/g;
  piece.lastIndex = start;
  for (let match = piece.exec(text); match !== null; match = piece.exec(text)) {
    if (match[0] === '{') depth += 1;
    if (match[0] === '}') depth -= 1;
    if (depth === 0) return { kind: 'lua', start, end: match.index, value: text.slice(start, match.index) };
  }
  return { kind: 'broken', start, end: text.length, value: text.slice(start) };
}
