// A bounded reader for the small XML documents of the login [oc 4.1]. It knows elements,
// attributes, text, CDATA, comments, the five named entities and numeric ones; a DTD, any other
// entity and any other processing instruction are refused, so nothing can expand or be fetched.
// Every step moves forward in the text: the work is linear in its length.
import { Buffer, isUtf8 } from 'node:buffer';

/** An element; `text` is all character data directly inside it, as written. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

export type XmlResult =
  | { readonly ok: true; readonly root: XmlElement }
  | { readonly ok: false; readonly reason: string };

/** The login documents are four levels deep; the deepest known one has eight. */
const MAX_DEPTH = 16;
/** A Cisco client with many network cards sends a few dozen elements. */
const MAX_ELEMENTS = 512;
const MAX_ATTRIBUTES = 32;
const MAX_NAME_LENGTH = 64;
/** One element's text; a certificate chain in base64 is the largest honest value. */
const MAX_TEXT_LENGTH = 64 * 1024;

/** Reads one UTF-8 document; anything not well-formed or over a limit is a reason in words. */
export function parseXml(bytes: Uint8Array): XmlResult {
  if (!isUtf8(bytes)) return failure('the document is not UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  // Controls are no XML characters, and a NUL would cut a password short in C programs.
  if (/[^\P{Cc}\t\n\r]/u.test(text)) return failure('the document holds control characters');
  try {
    return { ok: true, root: readDocument(text) };
  } catch (error) {
    if (error instanceof Malformed) return failure(error.message);
    throw error;
  }
}

/** The first child element of that name. */
export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child) => child.name === name);

/** Ends the reading at the first mistake; never leaves this file. */
class Malformed extends Error {}

function readDocument(text: string): XmlElement {
  const tree = new Tree();
  let at = skipDeclaration(text);
  while (at < text.length) {
    const tag = text.indexOf('<', at);
    tree.addText(decodeReferences(text.slice(at, tag < 0 ? text.length : tag)));
    if (tag < 0) break;
    if (text.startsWith('<!--', tag)) {
      at = after(text, '-->', tag + 4);
    } else if (text.startsWith('<![CDATA[', tag)) {
      at = after(text, ']]>', tag + 9);
      tree.addText(text.slice(tag + 9, at - 3));
    } else if (text.startsWith('</', tag)) {
      at = after(text, '>', tag);
      tree.end(text.slice(tag + 2, at - 1).trimEnd());
    } else {
      const start = readStartTag(text, tag);
      tree.begin(start.name, start.attributes);
      if (start.empty) tree.end(start.name);
      at = start.end;
    }
  }
  return tree.finish();
}

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** The document so far: the open elements from the root inwards, and the root once it is closed. */
class Tree {
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  #elements = 0;

  begin(name: string, attributes: ReadonlyMap<string, string>): void {
    if (this.#root !== undefined) throw new Malformed('the document has two root elements');
    if (this.#open.length === MAX_DEPTH) throw new Malformed(`deeper than ${MAX_DEPTH} elements`);
    if (++this.#elements > MAX_ELEMENTS) throw new Malformed(`more than ${MAX_ELEMENTS} elements`);
    this.#open.push({ name, attributes, children: [], text: '' });
  }

  end(name: string): void {
    const element = this.#open.pop();
    if (element?.name !== name) throw new Malformed('an end tag does not match its start tag');
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
  }

  addText(text: string): void {
    const element = this.#open.at(-1);
    if (element === undefined) {
      if (text.trim() !== '') throw new Malformed('there is text outside of the root element');
    } else if (element.text.length + text.length > MAX_TEXT_LENGTH) {
      throw new Malformed('a text is too long');
    } else element.text += text;
  }

  finish(): XmlElement {
    if (this.#open.length > 0) throw new Malformed('the document ends inside an element');
    if (this.#root === undefined) throw new Malformed('the document has no element');
    return this.#root;
  }
}

function skipDeclaration(text: string): number {
  return /^<\?xml\s/.test(text) ? after(text, '?>', 0) : 0;
}

function readStartTag(
  text: string,
  tag: number,
): { name: string; attributes: Map<string, string>; empty: boolean; end: number } {
  const name = match(/([A-Za-z_][\w:.-]*)/y, text, tag + 1)?.[1];
  if (name === undefined) throw new Malformed('"<" begins no element that is accepted here');
  checkName(name);
  let at = tag + 1 + name.length;
  const attributes = new Map<string, string>();
  for (;;) {
    const attribute = match(/\s+([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y, text, at);
    if (attribute === undefined) break;
    const key = attribute[1] ?? '';
    checkName(key);
    if (attributes.has(key)) throw new Malformed('an attribute stands twice in one tag');
    if (attributes.size === MAX_ATTRIBUTES) throw new Malformed('too many attributes');
    attributes.set(key, decodeReferences(attribute[2] ?? attribute[3] ?? ''));
    at += attribute[0].length;
  }
  const closing = match(/\s*(\/?)>/y, text, at);
  if (closing === undefined) throw new Malformed('a start tag is malformed');
  return { name, attributes, empty: closing[1] === '/', end: at + closing[0].length };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function checkName(name: string): void {
  if (name.length > MAX_NAME_LENGTH) throw new Malformed('a name is too long');
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  if (at < 0) throw new Malformed(`"${mark}" is missing`);
  return at + mark.length;
}

const NAMED = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  const [first = '', ...parts] = text.split('&');
  return (
    first +
    parts
      .map((part) => {
        const end = part.indexOf(';');
        const decoded = end < 0 ? undefined : decodeReference(part.slice(0, end));
        if (decoded === undefined)
          throw new Malformed('an entity is not one of the five or a number');
        return decoded + part.slice(end + 1);
      })
      .join('')
  );
}

function decodeReference(name: string): string | undefined {
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (digits === null) return NAMED.get(name);
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  return isXmlCharacter(code) ? String.fromCodePoint(code) : undefined;
}

const isXmlCharacter = (code: number): boolean =>
  code === 0x9 ||
  code === 0xa ||
  code === 0xd ||
  (code >= 0x20 && code < 0x7f) ||
  (code > 0x9f && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  (code >= 0x10000 && code <= 0x10ffff);

const failure = (reason: string): XmlResult => ({ ok: false, reason });
