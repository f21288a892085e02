// What a terminal in raw mode sends, as keys.

export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'page-up'
        | 'page-down'
        | 'home'
        | 'end'
        | 'enter'
        | 'backspace'
        | 'escape'
        | 'interrupt'
        | 'redraw'
        | 'clear';
    };

type NamedKey = Exclude<Key['kind'], 'text'>;

/** What xterm and its kin send in both of their cursor key modes, and the Linux console. */
const SEQUENCES: Readonly<Record<string, NamedKey>> = {
  '[A': 'up',
  OA: 'up',
  '[B': 'down',
  OB: 'down',
  '[5~': 'page-up',
  '[6~': 'page-down',
  '[H': 'home',
  OH: 'home',
  '[1~': 'home',
  '[7~': 'home',
  '[F': 'end',
  OF: 'end',
  '[4~': 'end',
  '[8~': 'end',
};

const CONTROLS: Readonly<Record<string, NamedKey>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u0004': 'interrupt',
  '\u000c': 'redraw',
  '\u0015': 'clear',
};

/** An escape sequence after its ESC: CSI with its parameters, or SS3 and a letter. */
const SEQUENCE = /^(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z])/;

/** The keys of one piece of input; what is not known is left out, whole. */
export function decodeKeys(input: string): readonly Key[] {
  const keys: Key[] = [];
  for (let at = 0; at < input.length;) {
    const character = String.fromCodePoint(input.codePointAt(at) ?? 0);
    at += character.length;
    if (character === '\u001b') {
      const [sequence] = SEQUENCE.exec(input.slice(at)) ?? [''];
      at += sequence.length;
      const kind = sequence === '' ? 'escape' : SEQUENCES[sequence];
      if (kind !== undefined) keys.push({ kind });
      continue;
    }
    const control = CONTROLS[character];
    if (control !== undefined) keys.push({ kind: control });
    else if (!/\p{Cc}/u.test(character)) keys.push({ kind: 'text', text: character });
  }
  return keys;
}
