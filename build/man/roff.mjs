// Text as man(7) wants it.

/** A line of text: nothing in it is taken for a request or an escape. */
export const escape = (text) => text.replaceAll('\\', '\\e').replace(/^([.'])/gm, '\\&$1');

/** What people type: its hyphens are to be copied as such. */
export const literal = (text) => escape(text).replaceAll('-', '\\-');

export const heading = (...page) => `.TH ${page.map((word) => `"${word}"`).join(' ')}`;
export const section = (title) => `.SH ${escape(title).toUpperCase()}`;
export const subsection = (title) => `.SS "${literal(title).replaceAll('"', '\\(dq')}"`;
export const paragraph = (text) => `.PP\n${escape(text)}`;

/** A term in bold, and what it means below it. */
export const item = (term, text) =>
  `.TP\n.B ${literal(term).replaceAll('"', '\\(dq')}\n${escape(text)}`;

/** Lines as they are. */
export const example = (lines) => `.PP\n.nf\n${lines.map(literal).join('\n')}\n.fi`;

/** A sentence begins with a capital letter and ends with a full stop. */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
