// The table of docs/tuning.md: medians, and how each variant compares with its like in its round.
import { spreadOf } from '../statistics.ts';
import type { Variant } from './variants.ts';

export interface TuningSample {
  readonly variant: string;
  readonly round: number;
  /** As Iperf.bothWays names them. */
  readonly figures: Readonly<Record<string, number>>;
}

const BEGIN = '<!-- effects: begin (written by node bench/tuning.ts --write) -->';
const END = '<!-- effects: end -->';

/** The page with what stands between its markers replaced. */
export function replaceTable(page: string, table: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page lacks "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n${page.slice(end)}`;
}

/** A Markdown table with a line for each variant that was measured. */
export function renderTuning(
  variants: readonly Variant[],
  samples: readonly TuningSample[],
): string {
  const columns = ['down', 'up'] as const;
  const head = ['', ...columns.flatMap((way) => [`${way}, s/GB`, 'of the first line', 'Mbit/s'])];
  const lines = variants.map((variant) => [
    variant.title,
    ...columns.flatMap((way) => [
      median(samples, variant.name, (one) => one.figures[way] ?? Number.NaN, 2),
      variant.against === variant.name ? '' : ratio(samples, variant, way),
      median(samples, variant.name, (one) => one.figures[`${way}MbitPerSecond`] ?? Number.NaN, 0),
    ]),
  ]);
  return [head, head.map(() => '---'), ...lines]
    .map((line) => `| ${line.join(' | ')} |\n`)
    .join('');
}

function median(
  samples: readonly TuningSample[],
  variant: string,
  read: (one: TuningSample) => number,
  digits: number,
): string {
  const spread = spreadOf(samples.filter((one) => one.variant === variant).map(read));
  return spread === undefined ? '' : spread.median.toFixed(digits);
}

/** "x 1.31 (1.20 to 1.44)": of the CPU for each GB, round by round. */
function ratio(samples: readonly TuningSample[], variant: Variant, way: 'down' | 'up'): string {
  const ratios = samples
    .filter((one) => one.variant === variant.name)
    .flatMap((one) => {
      const like = samples.find(
        (other) => other.variant === variant.against && other.round === one.round,
      );
      const [its, ours] = [like?.figures[way], one.figures[way]];
      return its === undefined || ours === undefined ? [] : [ours / its];
    });
  const spread = spreadOf(ratios);
  if (spread === undefined) return '';
  const [middle, least, most] = [spread.median, spread.least, spread.most].map((n) => n.toFixed(2));
  return `x ${middle} (${least} to ${most})`;
}
