// Groups from Class: "OU=staff;it" in one or several attributes, as for ocserv, or a bare name.
import { readText } from './attributes.ts';

/** As long as a group's name may be in the configuration. */
const MAX_GROUP_CHARACTERS = 64;

/** In their order, none twice. Some servers put bytes of their own there: those are no groups. */
export const groupsOf = (classes: readonly Uint8Array[]): string[] => [
  ...new Set(classes.filter(isText).flatMap((value) => namesIn(readText(value)))),
];

function namesIn(line: string): string[] {
  const names = /^OU=/i.test(line) ? line.slice(3).split(';') : [line];
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '' && name.length <= MAX_GROUP_CHARACTERS);
}

function isText(value: Uint8Array): boolean {
  const text = new TextDecoder().decode(value);
  return !/[\p{Cc}\ufffd]/u.test(text);
}
