/** "Did you mean": the known names that are nearest to what somebody typed. */

/** Edits (insert, delete, replace, swap of two neighbours) that turn `a` into `b`. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(beforeLast, j - 2) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

/** The nearest of the known names, or `undefined` when none is near: at most a third of the letters differ, three at most; one in two letters. */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  const limit = typed.length < 2 ? 0 : Math.min(3, Math.max(1, Math.floor(typed.length / 3)));
  let best: { name: string; edits: number } | undefined;
  for (const name of known) {
    if (Math.abs(name.length - typed.length) > limit) continue;
    const edits = distance(typed.toLowerCase(), name.toLowerCase());
    if (edits <= limit && (best === undefined || edits < best.edits)) best = { name, edits };
  }
  return best?.name;
}

/** `; did you mean "x"?` for the end of a sentence, or nothing. */
export function didYouMean(typed: string, known: Iterable<string>): string {
  const name = nearest(typed, known);
  return name === undefined ? '' : `; did you mean "${name}"?`;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
