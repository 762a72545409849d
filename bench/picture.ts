/** The picture of the results: horizontal bars on a logarithmic scale, as SVG by hand. Readable on light and on dark ground. */
import { figure } from './statistics';

/** One bar. */
export interface Bar {
  readonly label: string;
  /** Seconds; without them the bar's place says why. */
  readonly seconds?: number;
  readonly why?: string;
  /** Ours: in another colour. */
  readonly isOurs: boolean;
}

/** Bars below a heading. */
export interface BarGroup { readonly title: string; readonly bars: readonly Bar[] }

const WIDTH = 860;
const LABELS = 250;
const FIGURES = 90;
const ROW = 22;
const HEAD = 30;
const STYLE = `text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.dim{fill:#57606a}.ours{fill:#1a7f37}.peer{fill:#8c959f}.grid{stroke:#d0d7de}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.ours{fill:#3fb950}.peer{fill:#6e7681}.grid{stroke:#3d444d}}`;

/** The whole SVG. Bars begin at the power of ten below the shortest one. */
export function pictureOf(groups: readonly BarGroup[]): string {
  const all = groups.flatMap(({ bars }) => bars.flatMap(({ seconds }) => (seconds === undefined || seconds <= 0 ? [] : [seconds])));
  const from = Math.floor(Math.log10(Math.min(...all, 1)));
  const to = Math.max(Math.ceil(Math.log10(Math.max(...all, 1))), from + 1);
  const place = (seconds: number): number => LABELS + (Math.log10(seconds) - from) / (to - from) * (WIDTH - LABELS - FIGURES);
  let y = HEAD;
  const parts = groups.flatMap(({ title, bars }) => {
    const head = text({ x: 0, y: y + 16, words: title, className: 'title' });
    const rows = bars.map((bar, index) => row(bar, y + HEAD - 4 + index * ROW, place));
    y += HEAD + bars.length * ROW + 12;
    return [head, ...rows];
  });
  const decades = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  const grid = decades.flatMap(seconds => [
    `<line class="grid" x1="${place(seconds).toFixed(1)}" x2="${place(seconds).toFixed(1)}" y1="22" y2="${y}"/>`,
    text({ x: place(seconds), y: 14, words: `${seconds} s`, className: 'dim', anchor: 'middle' }),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="Seconds of each peer, on a logarithmic scale">`,
    `<style>${STYLE}</style>`, ...grid, ...parts, '</svg>', '',
  ].join('\n');
}

function row({ label, seconds, why, isOurs }: Bar, y: number, place: (seconds: number) => number): string {
  const name = text({ x: LABELS - 10, y: y + 13, words: label, anchor: 'end' });
  if (seconds === undefined || seconds <= 0) return `${name}${text({ x: LABELS + 4, y: y + 13, words: `not measured${why === undefined ? '' : `: ${why.slice(0, 60)}`}`, className: 'dim' })}`;
  const end = Math.max(place(seconds), LABELS + 2);
  const bar = `<rect class="${isOurs ? 'ours' : 'peer'}" x="${LABELS}" y="${y}" width="${(end - LABELS).toFixed(1)}" height="${ROW - 6}" rx="2"/>`;
  return `${name}${bar}${text({ x: end + 6, y: y + 13, words: `${figure(seconds)} s` })}`;
}

function text({ x, y, words, className, anchor }: { readonly x: number; readonly y: number; readonly words: string; readonly className?: string; readonly anchor?: 'middle' | 'end' }): string {
  const attributes = [className === undefined ? '' : ` class="${className}"`, anchor === undefined ? '' : ` text-anchor="${anchor}"`].join('');
  return `<text x="${x.toFixed(1)}" y="${y}"${attributes}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '')}</text>`;
}
