/** From unimportant to grave; what is below info has no event and may change at any time. */
export type EventLevel = 'info' | 'warn' | 'error' | 'fatal';

/** What the manual says of an event. */
export type EventFacts = {
  /** Beside level, time, process, event and msg; `name?` stands on some of the lines only. */
  readonly fields: readonly string[];
  /** What has happened, for somebody who does not know the source. */
  readonly meaning: string;
} & (
  | { readonly level: 'info'; readonly remedy?: string }
  // Who is woken must be told what to do.
  | { readonly level: Exclude<EventLevel, 'info'>; readonly remedy: string }
  // A plugin chooses.
  | { readonly level: 'any'; readonly remedy: string }
);

export type EventTable = Readonly<Record<`${string}.${string}`, EventFacts>>;
