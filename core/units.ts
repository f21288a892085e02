// Aliases that carry a unit where a bare number would not.

/** A duration in milliseconds; 0 means "never" where a configuration key says so. */
export type Milliseconds = number;
/** A point in time: milliseconds since the Unix epoch. Always an argument, never read in core. */
export type EpochMs = number;
export type Bytes = number;
export type BitsPerSecond = number;
