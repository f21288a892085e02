// The client's side of the login: what to say to each answer, until CONNECT [oc 4, 5]. Pure: the
// load client runs ten thousand of these at a time.
import { Buffer } from 'node:buffer';
import { childOf, parseXml, type XmlElement } from '../../core/auth/xml.ts';
import { element, renderXml, type XmlNode } from '../../core/auth/xml_writer.ts';
import { parseAnswer, type Answer } from './http.ts';

export interface Credentials {
  /** Of the URL: the server's address and port. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
  /** '' = whichever the server names first. */
  readonly group: string;
  readonly dtls: boolean;
}

export type Step =
  | { readonly say: 'request' | 'connect'; readonly text: string }
  | { readonly say: 'nothing'; readonly connected: Answer }
  | { readonly say: 'nothing'; readonly failed: string };

/** User name, password, and a few prompts more: then it goes round in circles. */
const MAX_FORMS = 5;

export class Login {
  readonly #credentials: Credentials;
  readonly #cookies = new Map<string, string>();
  #forms = 0;
  #connecting = false;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** The first request. */
  begin(): string {
    return this.#post('/', document('init', this.#groupAccess()));
  }

  /** The next step after a whole answer. */
  onAnswer(text: string): Step {
    const answer = parseAnswer(text);
    if (answer.status !== 200) return failed(`status ${answer.status}`);
    if (this.#connecting) return { say: 'nothing', connected: answer };
    for (const [name, value] of answer.headers) {
      if (name === 'set-cookie') this.#keepCookie(value);
    }
    const parsed = parseXml(Buffer.from(answer.body));
    if (!parsed.ok) return failed(`no login document: ${parsed.reason}`);
    const auth = parsed.root.name === 'auth' ? parsed.root : childOf(parsed.root, 'auth');
    if (auth === undefined) return failed('a document without <auth>');
    if (auth.attributes.get('id') === 'success') return this.#connect();
    return this.#answerForm(auth);
  }

  #answerForm(auth: XmlElement): Step {
    this.#forms += 1;
    const form = childOf(auth, 'form');
    const error = childOf(auth, 'error')?.text;
    if (form === undefined || error !== undefined || this.#forms > MAX_FORMS) {
      return failed(error ?? childOf(auth, 'message')?.text ?? 'the login goes round in circles');
    }
    const inputs = form.children
      .filter((child) => child.name === 'input')
      .flatMap((input): XmlNode[] => {
        const name = input.attributes.get('name') ?? '';
        const value = this.#valueFor(input);
        return name === '' || value === undefined ? [] : [element(name, {}, value)];
      });
    const body = document('auth-reply', element('auth', {}, ...inputs), ...this.#group(form));
    return { say: 'request', text: this.#post(form.attributes.get('action') ?? '/', body) };
  }

  #valueFor(input: XmlElement): string | undefined {
    switch (input.attributes.get('type')) {
      case 'text':
        return this.#credentials.user;
      case 'password':
        return this.#credentials.password;
      case 'hidden':
        return input.attributes.get('value');
      case undefined:
      default:
        return undefined;
    }
  }

  #group(form: XmlElement): XmlNode[] {
    const options = childOf(form, 'select')?.children ?? [];
    const wanted = options.find((option) => option.text === this.#credentials.group) ?? options[0];
    if (wanted === undefined) return [];
    return [element('group-select', {}, wanted.attributes.get('value') ?? wanted.text)];
  }

  #groupAccess(): XmlNode {
    return element('group-access', {}, `https://${this.#credentials.host}/`);
  }

  #connect(): Step {
    const cookie = this.#cookies.get('webvpn');
    if (cookie === undefined) return failed('no cookie');
    this.#connecting = true;
    const lines = [
      'CONNECT /CSCOSSLC/tunnel HTTP/1.1',
      `Host: ${this.#credentials.host}`,
      `User-Agent: ${USER_AGENT}`,
      `Cookie: webvpn=${cookie}`,
      'X-CSTP-Version: 1',
      'X-CSTP-Hostname: load',
      'X-CSTP-Base-MTU: 1500',
      'X-CSTP-MTU: 1434',
      'X-CSTP-Address-Type: IPv6,IPv4',
      'X-CSTP-Full-IPv6-Capability: true',
      ...(this.#credentials.dtls ? ['X-DTLS-CipherSuite: PSK-NEGOTIATE'] : []),
    ];
    return { say: 'connect', text: `${lines.join('\r\n')}\r\n\r\n` };
  }

  #post(target: string, body: string): string {
    const path = target.startsWith('/') ? target : `/${target}`;
    const cookies = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const lines = [
      `POST ${path} HTTP/1.1`,
      `Host: ${this.#credentials.host}`,
      `User-Agent: ${USER_AGENT}`,
      ...(cookies === '' ? [] : [`Cookie: ${cookies}`]),
      'Accept: */*',
      'X-Transcend-Version: 1',
      'X-Aggregate-Auth: 1',
      'Content-Type: application/xml; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  /** An empty value deletes [oc 3]. */
  #keepCookie(text: string): void {
    const match = /^\s*([^=;\s]+)=([^;]*)/.exec(text);
    if (match === null) return;
    const [, name = '', value = ''] = match;
    if (value === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

/** Servers take it for a current openconnect [oc 2.3]. */
const USER_AGENT = 'Open AnyConnect VPN Agent v9.01';

const document = (type: string, ...children: readonly XmlNode[]): string =>
  renderXml(
    element(
      'config-auth',
      { client: 'vpn', type },
      element('version', { who: 'vpn' }, 'v9.01'),
      element('device-id', {}, 'linux-64'),
      ...children,
    ),
  );

const failed = (reason: string): Step => ({ say: 'nothing', failed: reason.trim() });
