// A metric family as Prometheus knows it, and a sample of one.
import type { Numbers } from '../ipc/measures.ts';

export interface Family {
  /** With its unit, and "_total" for a counter. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence without a final dot. */
  readonly help: string;
  /** Label names, in their order. */
  readonly labels: readonly string[];
  /** What each label may be, for the manual. */
  readonly values: readonly string[];
}

/** One value for each label of the family, in their order. */
export type LabelValues = readonly string[];

/** Of a histogram: how many were at most `upTo` each, all of them, and their sum. */
export interface Buckets {
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

export interface Sample {
  readonly family: Family;
  readonly labels: LabelValues;
  readonly value: number | Buckets;
}

/** The samples of one moment. */
export class Snapshot {
  readonly samples: Sample[] = [];

  set(family: Family, value: number, ...labels: LabelValues): void {
    this.samples.push({ family, labels, value });
  }

  /** A sample for each of these, by the one label of the family. */
  setEach(family: Family, values: Numbers): void {
    for (const [label, value] of Object.entries(values)) this.set(family, value, label);
  }

  setBuckets(family: Family, value: Buckets, ...labels: LabelValues): void {
    this.samples.push({ family, labels, value });
  }
}
