// A mistake that no single value shows.
import type { Path } from './kind.ts';
import type { Finding } from './problems.ts';
import { dotted } from './toml_text.ts';

/** A finding, and the other keys that it speaks about: when one of those is wrong, it is moot. */
export type Contradiction = Finding & { readonly also: readonly string[] };

export const contradiction = (
  path: Path,
  message: string,
  suggestion: string | undefined,
  also: readonly string[],
): Contradiction => ({
  path,
  at: 'value',
  key: dotted(path),
  message,
  suggestion,
  also,
});
