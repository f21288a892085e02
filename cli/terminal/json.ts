/**
 * A document with a newline. Characters that would steer a terminal are escaped, those too that
 * JSON itself would let pass (C1 controls, directions of text): a parser reads the same.
 */
export const renderJson = (value: unknown): string =>
  `${harmless(JSON.stringify(value, undefined, 2))}\n`;

/** The same on one line. */
export const renderJsonLine = (value: unknown): string => `${harmless(JSON.stringify(value))}\n`;

const harmless = (json: string): string =>
  json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escape);

/** In UTF-16 units, as JSON counts them. */
const escape = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
