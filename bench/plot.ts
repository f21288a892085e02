// A bar chart as SVG text: a group of two bars for each case, with whiskers from the least to the
// most, and a dashed mark at what the case is to reach. It has a background of its own and so reads
// on a light page as on a dark one.
//
//   label ........ ████████████├──┤  6.3
//                  ██┊├┤  0.9
import { formatNumber } from './table.ts';

export interface Bar {
  readonly series: 'ocserv' | 'wolfguard';
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Said behind the number. */
  readonly note?: string;
}

export interface Group {
  readonly label: string;
  /** Of the numbers, behind the decimal point. */
  readonly digits: number;
  readonly bars: readonly Bar[];
  /** Where the case is to be. */
  readonly mark?: number;
}

/** Bars that differ by more than that show nothing of the small ones on a linear axis. */
const LOGARITHMIC_FROM = 30;

const WIDTH = 860;
const LABELS = 330;
/** For the number behind the longest bar. */
const NUMBERS = 130;
const TOP = 62;
const BAR = 13;
const GAP = 12;
const BOTTOM = 34;
/** About the width of a character. */
const DIGIT = 7;
const COLOURS = { ocserv: '#8a97a8', wolfguard: '#c2410c' } as const;
const INK = '#1f2933';
const FAINT = '#d5dbe3';

/** A standalone SVG document. */
export function renderPlot(title: string, groups: readonly Group[]): string {
  const axis = makeAxis(groups);
  const body: string[] = [];
  let y = TOP;
  for (const group of groups) {
    const height = Math.max(1, group.bars.length) * BAR;
    body.push(text(LABELS - 10, y + height / 2 + 4, group.label, 'end'));
    for (const [n, bar] of group.bars.entries()) {
      body.push(...drawBar(axis, y + n * BAR, bar, group));
    }
    if (group.mark !== undefined) body.push(mark(axis.at(group.mark), y - 2, y + height + 2));
    y += height + GAP;
  }
  const height = y + BOTTOM;
  const grid = axis.ticks.flatMap((tick) => {
    const x = axis.at(tick);
    return [
      `<path d="M${px(x)} ${TOP - 6}V${px(y)}" stroke="${FAINT}"/>`,
      text(x, y + 16, String(tick), 'middle'),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${px(height)}" ` +
      `width="${WIDTH}" height="${px(height)}" role="img" aria-label="${escape(title)}" ` +
      `font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" rx="8" fill="#ffffff"/>`,
    `<text x="18" y="26" font-size="15" font-weight="600" fill="${INK}">${escape(title)}</text>`,
    ...legend(groups, axis.logarithmic),
    ...grid,
    ...body,
    '</svg>\n',
  ].join('\n');
}

interface Axis {
  readonly logarithmic: boolean;
  readonly ticks: readonly number[];
  /** The place of a value from the left. */
  readonly at: (value: number) => number;
}

function makeAxis(groups: readonly Group[]): Axis {
  const bars = groups.flatMap((group) => group.bars);
  const marks = groups.flatMap((group) => group.mark ?? []);
  const most = Math.max(...bars.map((bar) => bar.most), ...marks, 1e-9);
  const medians = bars.map((bar) => bar.median);
  const least = Math.min(...medians.filter((value) => value > 0), most);
  // What was added may come out as nothing or less: no place for it on a logarithmic axis.
  const logarithmic = medians.every((value) => value > 0) && most / least > LOGARITHMIC_FROM;
  const ticks = logarithmic ? decades(least, most) : steps(most);
  const [first = 0, last = 1] = [ticks[0], ticks.at(-1)];
  const share = (value: number): number =>
    logarithmic ? Math.log(value / first) / Math.log(last / first) : value / last;
  const room = WIDTH - LABELS - NUMBERS;
  return {
    logarithmic,
    ticks,
    at: (value) => LABELS + room * Math.min(1, value <= 0 ? 0 : Math.max(0, share(value))),
  };
}

/** Powers of ten from below the least to above the most. */
function decades(least: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  return Array.from({ length: Math.max(1, to - from) + 1 }, (_, n) =>
    Number((10 ** (from + n)).toPrecision(1)),
  );
}

/** About five round steps from 0 to beyond the most. */
function steps(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(most / step);
  return Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(6)));
}

function drawBar(axis: Axis, y: number, bar: Bar, group: Group): string[] {
  const [from, to] = [axis.at(0), axis.at(bar.median)];
  const [least, most] = [axis.at(bar.least), axis.at(bar.most)];
  const middle = y + BAR / 2;
  const number = formatNumber(bar.median, group.digits);
  const words = bar.note === undefined ? number : `${number} (${bar.note})`;
  return [
    `<rect x="${px(from)}" y="${px(y + 1)}" width="${px(Math.max(1, to - from))}" ` +
      `height="${BAR - 2}" fill="${COLOURS[bar.series]}"/>`,
    ...(most - least < 1
      ? []
      : [
          `<path d="M${px(least)} ${px(middle)}H${px(most)}M${px(least)} ${px(middle - 3)}v6` +
            `M${px(most)} ${px(middle - 3)}v6" stroke="${INK}" fill="none"/>`,
        ]),
    text(besideMark(axis, Math.max(to, most) + 6, words, group.mark), middle + 4, words, 'start'),
  ];
}

/** Words that the mark would cross stand behind it. */
function besideMark(axis: Axis, x: number, words: string, mark: number | undefined): number {
  const at = mark === undefined ? 0 : axis.at(mark);
  return at > x - 4 && at < x + words.length * DIGIT + 4 ? at + 6 : x;
}

const mark = (x: number, from: number, to: number): string =>
  `<path d="M${px(x)} ${px(from)}V${px(to)}" stroke="${INK}" stroke-dasharray="2 2"/>`;

function legend(groups: readonly Group[], logarithmic: boolean): string[] {
  const series = (['ocserv', 'wolfguard'] as const).filter((name) =>
    groups.some((group) => group.bars.some((bar) => bar.series === name)),
  );
  const swatches = series.flatMap((name, n) => [
    `<rect x="${18 + n * 90}" y="37" width="11" height="11" fill="${COLOURS[name]}"/>`,
    text(34 + n * 90, 47, name, 'start'),
  ]);
  const spread = groups.some((group) => group.bars.some((bar) => bar.most > bar.least));
  const marked = groups.some((group) => group.mark !== undefined);
  const remarks = [
    ...(spread ? ['whiskers: least to most'] : []),
    ...(marked ? ['dashed: to be reached'] : []),
    ...(logarithmic ? ['logarithmic axis'] : []),
  ];
  return [...swatches, text(18 + series.length * 90 + 6, 47, remarks.join(' · '), 'start')];
}

const text = (x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" fill="${INK}">${escape(words)}</text>`;

const px = (value: number): string => String(Number(value.toFixed(1)));

const escape = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
