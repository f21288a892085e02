// What a child says about itself once a second where [metrics] is on. The primary adds the sums up
// over a process and its successors: what one has counted since its last message is lost with it.
import type { Milliseconds } from '../units.ts';

/** Numbers by name: engine_totals.cc, native/process_meter.ts and core/metrics have the names. */
export type Numbers = Readonly<Record<string, number>>;

export interface Measures {
  /** Since the process began: they never go back while it lives. */
  readonly sums: Numbers;
  /** As they are now. */
  readonly levels: Numbers;
}

export interface MeasuresMessage extends Measures {
  readonly kind: 'measures';
}

export const MEASURES_INTERVAL_MS: Milliseconds = 1000;

/** Both as one; of a name that both have, the later one holds. */
export const joinMeasures = (...all: readonly Measures[]): Measures => ({
  sums: Object.assign({}, ...all.map(({ sums }) => sums)) as Numbers,
  levels: Object.assign({}, ...all.map(({ levels }) => levels)) as Numbers,
});
