// Lines of a file that people edit by hand. Edits touch the lines they are about and give every
// other byte back as it was, whatever encoding it is in: the text is held as latin1, which maps
// bytes to characters one to one.

export const splitLines = (bytes: Buffer): string[] => bytes.toString('latin1').split('\n');

export const joinLines = (lines: readonly string[]): Buffer =>
  Buffer.from(lines.join('\n'), 'latin1');

/** Adds a line at the end, after the line end that may be missing there. */
export function appendLine(lines: readonly string[], line: string): string[] {
  const at = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  return [...lines.slice(0, at), line, ''];
}

/** A comment (#) or nothing. */
export const isRemark = (line: string): boolean => /^\s*(#|$)/.test(line);

export const toLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
export const fromLatin1 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
