// The syntax of ocserv.conf and of its per-user and per-group files: an INI file whose sections are
// virtual hosts, with repeated names, quoted values, and continuation lines.

export interface ConfLine {
  /** '' = before any section. */
  readonly vhost: string;
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

export interface ConfMistake {
  readonly line: number;
  readonly message: string;
}

export interface ConfFile {
  readonly lines: readonly ConfLine[];
  readonly mistakes: readonly ConfMistake[];
}

/** Never throws: what cannot be read is a mistake with its line. */
export function parseConf(text: string): ConfFile {
  const lines: ConfLine[] = [];
  const mistakes: ConfMistake[] = [];
  let vhost: string | null = '';
  /** What an indented line goes on with. */
  let previous = '';
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (previous !== '' && /^\s/.test(raw)) {
      if (vhost !== null) lines.push({ vhost, name: previous, value: clean(content), line });
      continue;
    }
    const section = /^\[([^\]]*)\]/.exec(content)?.[1];
    if (section !== undefined) {
      const name = /^vhost:\s*(\S.*?)\s*$/.exec(section)?.[1];
      if (name === undefined) mistakes.push({ line, message: `unknown section [${section}]` });
      vhost = name?.toLowerCase() ?? null;
      previous = '';
      continue;
    }
    const [, name, value] = /^([^=:]*?)\s*[=:](.*)$/.exec(content) ?? [];
    if (name === undefined || value === undefined || name === '') {
      mistakes.push({ line, message: 'neither "name = value" nor a section' });
      continue;
    }
    previous = name;
    if (vhost !== null) lines.push({ vhost, name, value: clean(value), line });
  }
  return { lines, mistakes };
}

/** Without a comment behind it (in quotes too), and without blanks and quotes around it. */
const clean = (value: string): string =>
  value.replace(/(^|\s)#.*$/, '').replace(/^[\s"]+|[\s"]+$/g, '');

/** What READ_TF of ocserv takes for true. */
export const isTrue = (value: string): boolean => /^(true|yes)$/i.test(value);

/** "plain[passwd=/a,otp=/b]": the name in lower case, what is in brackets by name. */
export interface Method {
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

export function parseMethod(value: string): Method {
  const [, name = '', inside = ''] = /^([^[]*)(?:\[(.*?)\]?)?$/.exec(value) ?? [];
  const options = new Map<string, string>();
  for (const [index, part] of inside.split(',').entries()) {
    const [, key, text] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (key !== undefined && text !== undefined) options.set(key.toLowerCase(), text);
    // The oldest files name the file alone: "plain[/etc/ocserv/passwd]".
    else if (index === 0 && part.trim() !== '') options.set('', part.trim());
    else if (part.trim() !== '') options.set(part.trim().toLowerCase(), 'true');
  }
  return { name: name.trim().toLowerCase(), options };
}
