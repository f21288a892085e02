// The documents that clients send: init, auth-reply and logout [oc 4.2, 4.4], the bare <auth> of
// the oldest clients, and the form-encoded bodies of the non-XML fallback [oc 4.10]. The body
// decides which it is; no header does. The order of elements varies between clients.
import { Buffer, isUtf8 } from 'node:buffer';
import { groupInPath } from '../http/group_path.ts';
import { collectFields, groupName, isFieldName } from './login_fields.ts';
import type { LoginFields } from './login_fields.ts';
import { childOf, parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** What a client says about its machine; '' where it says nothing. */
export interface Device {
  readonly platform: string;
  readonly deviceType: string;
  readonly computerName: string;
}

export type LoginDocument =
  | {
      readonly kind: 'init';
      readonly group: string | null;
      /** The group in the address that the person typed: https://host/GROUP. */
      readonly urlGroup: string | null;
      readonly device: Device;
    }
  | ({ readonly kind: 'reply'; readonly device: Device } & LoginFields)
  | { readonly kind: 'logout'; readonly sessionToken: string | null }
  /** Not a document of this protocol: the reason is for our log. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads a POST body; an empty one asks for the form. */
export function parseLoginBody(body: Uint8Array): LoginDocument {
  const first = body.find((byte) => !isBlank(byte));
  if (first === undefined) return { kind: 'init', group: null, urlGroup: null, device: NO_DEVICE };
  // A byte order mark may stand before "<".
  return first === 0x3c || first === 0xef ? parseXmlBody(body) : parseFormBody(body);
}

const NO_DEVICE: Device = { platform: '', deviceType: '', computerName: '' };

const isBlank = (byte: number): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

function parseXmlBody(body: Uint8Array): LoginDocument {
  const document = parseXml(body);
  if (!document.ok) return { kind: 'invalid', reason: document.reason };
  const { root } = document;
  if (root.name === 'auth') return parseReply(root, root);
  if (root.name !== 'config-auth') return invalid('the root element is not config-auth');
  switch (root.attributes.get('type') ?? '') {
    case 'init':
      return {
        kind: 'init',
        group: groupOf(root),
        urlGroup: urlGroupOf(root),
        device: deviceOf(root),
      };
    case 'auth-reply':
      return parseReply(root, childOf(root, 'auth'));
    case 'logout':
      return { kind: 'logout', sessionToken: sessionTokenOf(root) };
    default:
      return invalid('the type of config-auth is unknown');
  }
}

function parseReply(root: XmlElement, auth: XmlElement | undefined): LoginDocument {
  // What has parts or a name that no input can have is for other servers.
  const answers = (auth?.children ?? []).filter(
    ({ children, name }) => children.length === 0 && isFieldName(name),
  );
  const collected = collectFields(answers.map(({ name, text }) => [name, text] as const));
  if ('reason' in collected) return invalid(collected.reason);
  const group = groupOf(root) ?? collected.group;
  return { kind: 'reply', fields: collected.fields, group, device: deviceOf(root) };
}

function parseFormBody(body: Uint8Array): LoginDocument {
  if (!isUtf8(body)) return invalid('the form is not UTF-8');
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  // Browsers and openconnect send no line end; tools behind a pipe do.
  const collected = collectFields(new URLSearchParams(text.trim()));
  if ('reason' in collected) return invalid(collected.reason);
  return { kind: 'reply', ...collected, device: NO_DEVICE };
}

/** The cookie's value, of which openconnect and Cisco clients keep a copy here [oc 3]. */
function sessionTokenOf(root: XmlElement): string | null {
  const token = childOf(root, 'session-token')?.text.trim() ?? '';
  return /^[!-~]{1,1024}$/.test(token) ? token : null;
}

function groupOf(root: XmlElement): string | null {
  const select = childOf(root, 'group-select');
  return select === undefined ? null : groupName(select.text);
}

/** Cisco's clients post to "/" and have the address in here. */
function urlGroupOf(root: XmlElement): string | null {
  const address = childOf(root, 'group-access')?.text.trim() ?? '';
  const path = /^https?:\/\/[^/?#]*(\/[^?#]*)/i.exec(address)?.[1];
  return path === undefined ? null : groupInPath(path);
}

function deviceOf(root: XmlElement): Device {
  const device = childOf(root, 'device-id');
  return {
    platform: device?.text.trim() ?? '',
    deviceType: device?.attributes.get('device-type') ?? '',
    computerName: device?.attributes.get('computer-name') ?? '',
  };
}

const invalid = (reason: string): LoginDocument => ({ kind: 'invalid', reason });
