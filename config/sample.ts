// The sample wolfguard.toml: every key with its default; what is still to come is commented out.
import { isAvailable, sections } from './schema.ts';
import type { Key, Section } from './table.ts';
import { renderDefault } from './toml_text.ts';

/** The text of config/wolfguard.toml. */
export const renderSample = (): string =>
  [HEAD, ...[...sections].map(([name, section]) => renderSection(name, section))].join('\n');

const HEAD = `# Every key of wolfguard's configuration with its default. A file of your own needs only what differs.
#
# Durations: "90s", "5m", "1h30m", "2d", or 0 for "never". Sizes: "64KiB". Rates: "50Mbit" (bits per
# second). Addresses may be IPv4 or IPv6 everywhere. "wolfguard check -c FILE" reports every mistake.
# [R] = a running server takes a change on reload; without it, a restart is needed.
# "Not available yet" marks what is still to come: the server refuses these keys.
#
# This file is generated: npm run generate
`;

/** Where explanations begin, and where lines end. */
const COMMENT_COLUMN = 32;
const LINE_WIDTH = 100;

function renderSection(name: string, section: Section): string {
  const living = isAvailable(section);
  const header = section.shape === 'list' ? `[[${name}]]` : `[${name}]`;
  const state = living ? [] : ['not available yet'];
  const about = [...state, section.about].filter((part) => part !== '').join(': ');
  const lines = about === '' ? [] : wrap(about.charAt(0).toUpperCase() + about.slice(1));
  if (section.example.length > 0) {
    // A list with keys that have no sensible default is empty until somebody writes it, and names
    // are given by people.
    const written = living && section.shape !== 'named' && section.required === undefined;
    lines.push(...section.example.map((line) => (written ? line : `#${line}`)));
  } else {
    lines.push(
      withComment(living ? header : `#${header}`, section.effect === 'restart' ? '' : '[R]'),
    );
    for (const [key, spec] of Object.entries(section.keys))
      lines.push(renderKey(key, spec, section, living));
  }
  return `${lines.join('\n')}\n`;
}

function renderKey(
  name: string,
  spec: Key<unknown>,
  section: Section,
  sectionLiving: boolean,
): string {
  const line = `${spec.available ? '' : '#'}${name} = ${renderDefault(spec.default)}`;
  const [needed, usually] = [spec.effect ?? section.effect, section.effect].map(
    (effect) => effect === 'restart',
  );
  return withComment(
    line,
    [
      ...(needed === usually ? [] : [needed ? '[no R]' : '[R]']),
      ...(sectionLiving && !spec.available ? ['not available yet:'] : []),
      spec.explanation,
    ].join(' '),
  );
}

/** The comment behind the line, or above it where both are too long. */
function withComment(line: string, comment: string): string {
  if (comment === '') return line;
  const together = `${line.padEnd(COMMENT_COLUMN - 2)}  # ${comment}`;
  return together.length <= LINE_WIDTH ? together : `${wrap(comment).join('\n')}\n${line}`;
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
