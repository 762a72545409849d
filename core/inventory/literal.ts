/**
 * Python literals, as Ansible reads the values of its INI inventories.
 * @see https://docs.python.org/3/library/ast.html#ast.literal_eval
 */

/** The value of a Python literal (string, number, tuple, list, dict, set, True, False, None), or `undefined` when the text is none. */
export function parseLiteral(text: string): { readonly value: unknown } | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value();
    reader.end();
    return { value };
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

const NUMBER = /[+-]?(?:0[xX][\da-fA-F]+(?:_[\da-fA-F]+)*|0[oO][0-7]+|0[bB][01]+|(?:\d+(?:_\d+)*)?\.\d+(?:[eE][+-]?\d+)?|\d+(?:_\d+)*\.?(?:[eE][+-]?\d+)?)(?![\w.])/y;
const WORDS = new Map<string, unknown>([['True', true], ['False', false], ['None', null]]);
const ESCAPES = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['\\', '\\'], ["'", "'"], ['"', '"'], ['0', '\0'], ['a', '\x07'], ['b', '\b'], ['f', '\f'], ['v', '\v']]);

class Reader {
  #at = 0;
  constructor(private readonly text: string) {}

  value(): unknown {
    this.#blank();
    const next = this.text[this.#at];
    if (next === "'" || next === '"') return this.#strings();
    if (next === '[') return this.#items('[', ']').items;
    if (next === '(') return this.#tuple();
    if (next === '{') return this.#braces();
    const word = this.#word();
    return word === undefined ? this.#number() : WORDS.get(word);
  }

  /** Only blanks or a comment may follow. */
  end(): void {
    this.#blank();
    if (this.#at < this.text.length && this.text[this.#at] !== '#') throw new NoLiteral();
  }

  #blank(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at += 1;
  }

  #take(token: string): boolean {
    this.#blank();
    if (!this.text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #need(token: string): void {
    if (!this.#take(token)) throw new NoLiteral();
  }

  /** Strings that stand side by side are one. */
  #strings(): string {
    let text = '';
    for (;;) {
      this.#blank();
      const quote = this.text[this.#at];
      if (quote !== "'" && quote !== '"') return text;
      this.#at += 1;
      text += this.#string(quote);
    }
  }

  #string(quote: string): string {
    let text = '';
    for (;;) {
      const letter = this.text[this.#at];
      if (letter === undefined || letter === '\n') throw new NoLiteral();
      this.#at += 1;
      if (letter === quote) return text;
      text += letter === '\\' ? this.#escape() : letter;
    }
  }

  #escape(): string {
    const coded = /x([\da-fA-F]{2})|u([\da-fA-F]{4})/y;
    coded.lastIndex = this.#at;
    const match = coded.exec(this.text);
    if (match !== null) {
      this.#at += match[0].length;
      return String.fromCharCode(Number.parseInt(match[1] ?? match[2] ?? '', 16));
    }
    const letter = this.text[this.#at] ?? '';
    this.#at += 1;
    return ESCAPES.get(letter) ?? `\\${letter}`;
  }

  #items(open: string, close: string): { items: unknown[]; commas: number } {
    this.#need(open);
    const items: unknown[] = [];
    let commas = 0;
    while (!this.#take(close)) {
      if (items.length > commas) throw new NoLiteral();
      items.push(this.value());
      if (this.#take(',')) commas += 1;
    }
    return { items, commas };
  }

  /** `(1)` is a number in brackets, `(1,)` a tuple. */
  #tuple(): unknown {
    const { items, commas } = this.#items('(', ')');
    return items.length === 1 && commas === 0 ? items[0] : items;
  }

  /** A dict, or a set, which becomes a list. */
  #braces(): unknown {
    const start = this.#at;
    this.#need('{');
    if (this.#take('}')) return {};
    this.value();
    const isDict = this.#take(':');
    this.#at = start;
    return isDict ? this.#dict() : [...new Set(this.#items('{', '}').items)];
  }

  #dict(): Record<string, unknown> {
    this.#need('{');
    const entries: [string, unknown][] = [];
    while (!this.#take('}')) {
      const key = this.value();
      if (typeof key === 'object' && key !== null) throw new NoLiteral();
      this.#need(':');
      entries.push([String(key), this.value()]);
      if (!this.#take(',')) { this.#need('}'); break; }
    }
    return Object.fromEntries(entries);
  }

  #word(): string | undefined {
    const word = /^(?:True|False|None)(?!\w)/.exec(this.text.slice(this.#at))?.[0];
    this.#at += word?.length ?? 0;
    return word;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw new NoLiteral();
    const digits = match[0].replaceAll('_', '');
    const number = (digits.startsWith('-') ? -1 : 1) * Number(digits.replace(/^[+-]/, ''));
    // Python refuses 0123, and its integers have no end: as a string such a value stays what was written.
    const isWhole = /^[+-]?\d+$/.test(digits);
    if (/^[+-]?0+[1-9]\d*$/.test(digits) || (isWhole && !Number.isSafeInteger(number))) throw new NoLiteral();
    this.#at += match[0].length;
    return number;
  }
}
