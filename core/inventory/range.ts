/**
 * Host ranges of an inventory: `web[01:20].example.com`, `db[a:c]`, `node[0:9:3]`, several in one name.
 * @see https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html#adding-ranges-of-hosts
 */

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** A slip such as [1:1000000000] is a sentence and not a machine out of memory. */
const MOST = 100_000;

/** All names that a host pattern of an inventory stands for, both ends included. @throws RangeError with a sentence when a range is wrong. */
export function expandRange(pattern: string): string[] {
  const parts = pattern.split(/\[([^\]]*)\]/);
  if (parts.some((part, i) => i % 2 === 0 && /[[\]]/.test(part))) throw new RangeError(`"${pattern}" has a bracket without its partner`);
  let names = [''];
  parts.forEach((part, i) => {
    const choices = i % 2 === 0 ? [part] : membersOf(part, pattern);
    if (names.length * choices.length > MOST) throw new RangeError(`"${pattern}" stands for more than ${MOST} hosts`);
    names = names.flatMap(name => choices.map(choice => name + choice));
  });
  return names;
}

function membersOf(range: string, pattern: string): string[] {
  const bounds = range.split(':');
  const [from = '', to = '', step = '1'] = bounds;
  const wrong = (why: string): RangeError => new RangeError(`the range [${range}] in "${pattern}" ${why}`);
  if (bounds.length < 2 || bounds.length > 3) throw wrong('is not begin:end or begin:end:step');
  if (to === '') throw wrong('has no end');
  if (!/^[1-9]\d*$/.test(step)) throw wrong(`has the step "${step}", which is no positive number`);
  if (/^[a-zA-Z]$/.test(from) && /^[a-zA-Z]$/.test(to)) {
    const span = [LETTERS.indexOf(from), LETTERS.indexOf(to)] as const;
    if (span[0] > span[1]) throw wrong('begins after its end');
    return count(span, Number(step)).map(at => LETTERS.charAt(at));
  }
  return numbers({ from: from === '' ? '0' : from, to, step: Number(step) }, wrong);
}

function numbers({ from, to, step }: { from: string; to: string; step: number }, wrong: (why: string) => RangeError): string[] {
  if (!/^\d+$/.test(from) || !/^\d+$/.test(to)) throw wrong('is neither two numbers nor two letters');
  const padded = from.length > 1 && from.startsWith('0');
  if (padded && from.length !== to.length) throw wrong('begins with a zero, so both ends need the same number of digits');
  const span = [Number(from), Number(to)] as const;
  if (span[0] > span[1]) throw wrong('begins after its end');
  if ((span[1] - span[0]) / step > MOST) throw wrong(`stands for more than ${MOST} hosts`);
  return count(span, step).map(number => (padded ? String(number).padStart(from.length, '0') : String(number)));
}

function count([from, to]: readonly [number, number], step: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}
