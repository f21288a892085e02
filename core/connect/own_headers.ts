// The lines of the CONNECT answer that are ours [oc 5.3, 5.4]. Nobody sets them by `headers`: two of
// a name mean whatever a client makes of them, and a tunnel that works with one client only.

/** The key of [policy] that sets a line, by the line's name in lower case; '' = no key does. */
export const OWN_HEADERS: ReadonlyMap<string, string> = new Map([
  // These delimit the answer: after it comes the tunnel.
  ...names('', 'Connection', 'Content-Length', 'Transfer-Encoding', 'Upgrade'),
  ...names('', 'X-CSTP-Version', 'X-CSTP-Server-Name', 'X-CSTP-Hostname'),
  ...names('', 'X-CSTP-License', 'X-CSTP-Keep', 'X-CSTP-TCP-Keepalive'),
  ...names('', 'X-CSTP-Smartcard-Removal-Disconnect', 'X-CSTP-Disconnected-Timeout'),
  ...names('address', 'X-CSTP-Address', 'X-CSTP-Netmask'),
  ...names('address6', 'X-CSTP-Address-IP6'),
  ...names('dns', 'X-CSTP-DNS', 'X-CSTP-DNS-IP6'),
  ...names('nbns', 'X-CSTP-NBNS'),
  ...names('search_domains', 'X-CSTP-Default-Domain'),
  ...names('split_dns', 'X-CSTP-Split-DNS'),
  ...names('tunnel_all_dns', 'X-CSTP-Tunnel-All-DNS'),
  ...names('routes', 'X-CSTP-Split-Include', 'X-CSTP-Split-Include-IP6'),
  ...names('no_routes', 'X-CSTP-Split-Exclude', 'X-CSTP-Split-Exclude-IP6'),
  ...names('client_bypass', 'X-CSTP-Client-Bypass-Protocol'),
  ...names('dpd', 'X-CSTP-DPD', 'X-DTLS-DPD'),
  ...names('keepalive', 'X-CSTP-Keepalive', 'X-DTLS-Keepalive'),
  ...names('idle_timeout', 'X-CSTP-Idle-Timeout'),
  ...names('session_timeout', 'X-CSTP-Session-Timeout', 'X-CSTP-Session-Timeout-Remaining'),
  ...names('rekey', 'X-CSTP-Rekey-Time', 'X-DTLS-Rekey-Time'),
  ...names('rekey_method', 'X-CSTP-Rekey-Method', 'X-DTLS-Rekey-Method'),
  ...names('mtu', 'X-CSTP-Base-MTU', 'X-CSTP-MTU', 'X-DTLS-MTU'),
  ...names('udp', 'X-DTLS-Port', 'X-DTLS-App-ID', 'X-DTLS-Session-ID'),
  ...names('udp', 'X-DTLS-CipherSuite', 'X-DTLS12-CipherSuite'),
  ...names('compression', 'X-CSTP-Content-Encoding', 'X-DTLS-Content-Encoding'),
  ...names('banner', 'X-CSTP-Banner'),
  ...names('proxy_pac_url', 'X-CSTP-MSIE-Proxy-PAC-URL'),
]);

function names(key: string, ...headers: readonly string[]): [header: string, key: string][] {
  return headers.map((header) => [header.toLowerCase(), key]);
}
