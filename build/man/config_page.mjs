// The page of the configuration file, from the schema table.
import { isAvailable, sections } from '../../config/schema.ts';
import { renderDefault } from '../../config/toml_text.ts';
import { example, item, paragraph, section, sentence, subsection } from './roff.mjs';

export function renderConfigPage() {
  return [
    section('Description'),
    'One file in TOML holds the whole configuration: /etc/wolfguard/wolfguard.toml, or the one that',
    'the option \\-c names.',
    'Every key has a default; a file needs only what differs from it.',
    paragraph(
      'Durations are written "90s", "5m", "1h30m" or "2d", and 0 for "never"; sizes "64KiB", rates ' +
        '"50Mbit" (bits per second). Addresses may be IPv4 or IPv6 everywhere.',
    ),
    paragraph(
      'A running server takes a change of the keys marked [R] on reload; for the others it is to be ' +
        'started anew. "wolfguard check" reports every mistake in a file, with line and column.',
    ),
    section('Sections and keys'),
    ...[...sections].filter(([, part]) => isAvailable(part)).flatMap(renderSection),
    section('Files'),
    item('/etc/wolfguard/wolfguard.toml', 'The configuration.'),
    section('See also'),
    '.BR wolfguard (8),',
    '.BR wolfctl (8)',
  ].join('\n');
}

function renderSection([name, part]) {
  const keys = Object.entries(part.keys).filter(([, key]) => key.available);
  return [
    subsection(headerOf(name, part)),
    part.about === '' ? 'Keys of this section:' : paragraph(sentence(part.about)).slice(4),
    ...(part.example.length > 0 ? [example(part.example)] : []),
    ...keys.map(([key, spec]) => {
      const reload = (spec.reloadable ?? part.reloadable) ? ' [R]' : '';
      // A choice is its own explanation.
      const kind = spec.explanation.includes(spec.kind.name) ? '' : ` ${sentence(spec.kind.name)}`;
      const about = `${sentence(spec.explanation)}${kind}${reload}`;
      return item(`${key} = ${renderDefault(spec.default)}`, about);
    }),
  ];
}

function headerOf(name, { shape }) {
  if (shape === 'list') return `[[${name}]]`;
  return shape === 'named' ? `[${name}.NAME]` : `[${name}]`;
}
