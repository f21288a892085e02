// The right messages that the mutations begin with, as openconnect 9.01 and Cisco's clients send them
// [oc 2.2, 4, 5, 6].
import { Buffer } from 'node:buffer';
import type { Random } from './random.ts';

const AGENT = 'User-Agent: Open AnyConnect VPN Agent v9.01-3';
const PHONE = 'User-Agent: Cisco SVC IPPhone Client v1.0 (1.0)';

/** Heads of requests; the body, where there is one, is right. */
export function requests(cookie: string): readonly Buffer[] {
  return [
    post('/', INIT),
    post('/auth', authReply('alice', 'wrong')),
    post('/VPN', INIT, `Cookie: webvpncontext=${cookie}`),
    request(`GET / HTTP/1.1\r\nHost: vpn\r\n${AGENT}\r\n\r\n`),
    request('GET /+CSCOT+/translation-table?textdomain=AnyConnect HTTP/1.1\r\nHost: vpn\r\n\r\n'),
    request('GET /1/binaries/update.txt HTTP/1.1\r\nHost: vpn\r\nConnection: close\r\n\r\n'),
    request('GET /logout HTTP/1.0\r\nCookie: webvpn=nothing\r\n\r\n'),
    request(
      'POST /auth HTTP/1.1\r\nHost: vpn\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
        'Content-Length: 27\r\n\r\nusername=alice&password=pw%21',
    ),
    connect(cookie),
    post('/Our%20people/', CISCO_INIT, 'Expect: 100-continue'),
    request(`GET /staff HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n${AGENT}\r\n\r\n`),
    request('HEAD /profiles%2Fx.xml HTTP/1.1\r\nHost: vpn\r\nCookie: webvpn=nothing\r\n\r\n'),
    request(`GET /svc HTTP/1.1\r\nHost: vpn\r\n${PHONE}\r\n\r\n`),
    request(
      `POST /svc HTTP/1.1\r\nHost: vpn\r\n${PHONE}\r\nContent-Length: 27\r\n\r\n` +
        'username=alice&password=pw%21',
    ),
  ];
}

/** Bodies of the login dialogue. */
export const bodies: readonly string[] = [
  init(),
  authReply('alice', 'wrong'),
  authReply('alice', '&lt;&amp;&#x41;'),
  '<?xml version="1.0"?>\n<config-auth client="vpn" type="logout"><session-token>x</session-token></config-auth>',
  'username=alice&password=wrong&group_list=x',
  ciscoInit(),
];

export function post(target: string, body: string | Buffer, ...headers: readonly string[]): Buffer {
  const content = Buffer.from(body);
  const lines = [
    `POST ${target} HTTP/1.1`,
    'Host: vpn',
    AGENT,
    'Accept: */*',
    'X-Transcend-Version: 1',
    'X-Aggregate-Auth: 1',
    ...headers,
    'Content-Type: application/xml; charset=utf-8',
    `Content-Length: ${content.length}`,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content]);
}

export function authReply(user: string, password: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn" type="auth-reply">' +
    '<version who="vpn">v9.01-3</version><device-id>linux-64</device-id>' +
    `<auth><username>${user}</username><password>${password}</password></auth></config-auth>`
  );
}

export function connect(cookie: string): Buffer {
  const lines = [
    'CONNECT /CSCOSSLC/tunnel HTTP/1.1',
    'Host: vpn',
    AGENT,
    `Cookie: webvpn=${cookie}`,
    'X-CSTP-Version: 1',
    'X-CSTP-Hostname: fuzz',
    'X-CSTP-Accept-Encoding: oc-lz4,lzs',
    'X-CSTP-Base-MTU: 1500',
    'X-CSTP-MTU: 1390',
    'X-CSTP-Address-Type: IPv6,IPv4',
    'X-CSTP-Full-IPv6-Capability: true',
    `X-DTLS-Master-Secret: ${'ab'.repeat(48)}`,
    'X-DTLS-CipherSuite: PSK-NEGOTIATE:OC-DTLS1_2-AES256-GCM:AES256-SHA',
    'X-DTLS12-CipherSuite: ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256',
  ];
  return request(`${lines.join('\r\n')}\r\n\r\n`);
}

/** One CSTP frame of each type, data of both families included [oc 6.1]. */
export function frames(inside4: string, random: Random): readonly Buffer[] {
  return [
    frame(0, ipv4Packet(inside4, random.bytes(40))),
    frame(0, ipv4Packet(inside4, random.bytes(1300))),
    frame(0, Buffer.concat([Buffer.from([0x60, 0, 0, 0, 0, 8, 58, 64]), random.bytes(40)])),
    frame(3, random.bytes(random.below(1400))),
    frame(4, Buffer.alloc(0)),
    frame(5, Buffer.from('\x91reconnecting', 'latin1')),
    frame(7, Buffer.alloc(0)),
    frame(8, random.bytes(100)),
    frame(9, Buffer.alloc(0)),
  ];
}

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.from([0x53, 0x54, 0x46, 1, 0, 0, type, 0]);
  head.writeUInt16BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

/** UDP to the server's own inside address; checksums are left 0. */
function ipv4Packet(source: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(28);
  head.writeUInt8(0x45, 0);
  head.writeUInt16BE(28 + payload.length, 2);
  head.writeUInt8(64, 8);
  head.writeUInt8(17, 9);
  Buffer.from(source.split('.').map(Number)).copy(head, 12);
  Buffer.from([10, 77, 0, 1]).copy(head, 16);
  head.writeUInt16BE(9, 22);
  head.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([head, payload]);
}

function init(): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<config-auth client="vpn" type="init" aggregate-auth-version="2">' +
    '<version who="vpn">v9.01-3</version><device-id>linux-64</device-id>' +
    '<capabilities><auth-method>single-sign-on-v2</auth-method></capabilities>' +
    '<group-access>https://198.51.100.1/</group-access></config-auth>'
  );
}

/** With the elements that are for other servers, and a group in the address. */
function ciscoInit(): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<config-auth client="vpn" type="init" aggregate-auth-version="2">\n' +
    '<device-id computer-name="box" device-type="iPad14,8" unique-id="52C5F4">apple-ios</device-id>' +
    '<mac-address-list><mac-address public-interface="true">00-00-5e-00-53-01</mac-address>' +
    '</mac-address-list><opaque is-for="sg"><tunnel-group>Other</tunnel-group></opaque>' +
    '<group-select>All our people</group-select>' +
    '<group-access>https://[2001:db8::1]:8443/Our%20people/?x</group-access></config-auth>'
  );
}

const INIT = init();
const CISCO_INIT = ciscoInit();

const request = (text: string): Buffer => Buffer.from(text, 'latin1');
