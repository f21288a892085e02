// A login spoken by hand, request by request, where openconnect would decide for itself [oc 4].
import { SERVER_IPV4, type Lab } from './lab.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Cookies that this answer sets to something, by name. */
  readonly cookies: Readonly<Record<string, string>>;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn"';

export class Dialogue {
  readonly #lab: Lab;
  readonly #name: string;
  /** The login continuation token [oc 3]. */
  #context = '';

  /** `name`: the server name to ask for; the server's address if left out. */
  constructor(lab: Lab, name = SERVER_IPV4) {
    this.#name = name;
    this.#lab = lab;
  }

  init(): Answer {
    return this.post(
      '/',
      `${HEAD} type="init" aggregate-auth-version="2"><version who="vpn">v9.01</version></config-auth>`,
    );
  }

  reply(user: string, password: string, group?: string): Answer {
    const select = group === undefined ? '' : `<group-select>${group}</group-select>`;
    return this.post(
      '/auth',
      `${HEAD} type="auth-reply"><auth><username>${user}</username>` +
        `<password>${password}</password></auth>${select}</config-auth>`,
    );
  }

  /** Any document to any place, with the cookie of this dialogue. */
  post(target: string, body: string): Answer {
    const { code, stdout, stderr } = this.#lab.client.try(
      'curl',
      [
        ...['-ksi', '--max-time', '15', '-H', 'Content-Type: application/xml; charset=utf-8'],
        ...['-A', 'Open AnyConnect VPN Agent v9.01-3', '-H', 'X-Aggregate-Auth: 1'],
        ...(this.#context === '' ? [] : ['-b', `webvpncontext=${this.#context}`]),
        ...['--connect-to', `::${SERVER_IPV4}:`, '--data-binary', '@-'],
        `https://${this.#name}${target}`,
      ],
      body,
    );
    if (code !== 0) throw new Error(`curl: exit code ${code}: ${stderr}`);
    const answer = parse(stdout);
    this.#context = answer.cookies['webvpncontext'] ?? this.#context;
    return answer;
  }
}

function parse(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  const cookies: Record<string, string> = {};
  for (const [, name = '', value = ''] of head.matchAll(/^Set-Cookie: ([^=]+)=([^;\r\n]*)/gim)) {
    if (value !== '') cookies[name] = value;
  }
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    body: text.slice(end + 4),
    cookies,
  };
}
