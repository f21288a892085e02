// The schema of what a session is given. The available keys make core/policy's SessionPolicy.
import { boolean, choice, integer, list, optional, path, text, zeroOr } from './kinds.ts';
import { answerHeaders, pacUrl } from './kinds_answer.ts';
import { dscp } from './kinds_dscp.ts';
import { duration, quota, rate } from './kinds_quantity.ts';
import { expiry, hours } from './kinds_time.ts';
import { domain, ipAddress, network, route, siteNetwork } from './kinds_net.ts';
import { aclRule } from './kinds_acl.ts';
import { key, table } from './table.ts';

const span = duration({ zero: true });
const networks = list(network, 'networks');
const addresses = list(ipAddress, 'addresses');
const domains = list(domain, 'domains');
const rules = list(aclRule, 'rules');

export const policy = table(
  { effect: 'new sessions', about: 'What a session is given. A reload counts for new sessions.' },
  {
    routes: key(
      list(route, 'networks'),
      [],
      'sent to the client as split-include; [] or "default" = default route',
    ),
    no_routes: key(networks, [], 'split-exclude: what stays off the tunnel'),
    routes_file: key(
      optional(path('/etc/wolfguard/routes')),
      '',
      'more routes, a network a line; thousands are fine: they are aggregated first',
    ),
    no_routes_file: key(
      optional(path('/etc/wolfguard/no-routes')),
      '',
      'more of no_routes, a network a line: "local offload"',
    ),
    enforce_routes: key(boolean, false, 'drop what the client sends outside its routes'),
    allow: key(
      rules,
      [],
      'what the client may send, e.g. ["tcp:22 10.0.0.0/8", "udp:53", "icmp"]; [] = all',
    ),
    deny: key(rules, [], 'what the client may not send, whatever allow says'),
    client_to_client: key(boolean, true, 'clients may reach one another'),
    dns: key(addresses, [], 'name servers'),
    nbns: key(addresses, [], 'WINS servers'),
    search_domains: key(domains, [], 'appended to short names'),
    split_dns: key(domains, [], 'only these domains are asked through the tunnel'),
    proxy_pac_url: key(
      pacUrl,
      '',
      'where clients find a proxy auto-configuration; {user} and {group} are replaced',
    ),
    banner: key(text(), '', 'one line, shown after login'),
    // A client's MTU above 16 KiB is ignored too [oc 5.5].
    mtu: key(zeroOr(576, 16384), 0, 'upper bound of the link MTU; 0 = from the path'),
    address: key(optional(ipAddress), '', 'a fixed IPv4 address for this user'),
    address6: key(optional(ipAddress), '', 'a fixed IPv6 address'),
    address6_prefix: key(
      zeroOr(48, 128),
      0,
      'prefix length of the network that comes with address6; 0 = as its pool gives it, else none',
    ),
    iroutes: key(
      list(siteNetwork, 'networks'),
      [],
      'networks behind this client; a route to each comes and goes with its tunnel',
    ),
    tunnel_all_dns: key(boolean, false, 'every name is asked through the tunnel'),
    client_bypass: key(boolean, false, 'let the family without an address bypass the tunnel'),
    keepalive: key(span, '5h', 'a packet at least so often in each direction; 0 = never'),
    dpd: key(span, '90s', 'ask a silent client whether it is alive; 0 = never'),
    mobile_dpd: key(span, '30m', 'the same for phones, to spare their battery'),
    idle_timeout: key(span, 0, 'ends a session without traffic; 0 = never'),
    mobile_idle_timeout: key(span, 0, 'the same for phones'),
    session_timeout: key(span, 0, 'ends a session whatever happens; 0 = never'),
    rekey: key(span, '48h', 'new keys so often; 0 = never'),
    rekey_method: key(
      choice('new-tunnel', 'ssl'),
      'new-tunnel',
      '"ssl": no new connection where TLS 1.3 makes that possible; TLS 1.2 as "new-tunnel"',
    ),
    switch_to_tcp: key(span, '25s', 'send through TLS when UDP was silent for so long; 0 = never'),
    rx_limit: key(optional(rate), '', 'from the client, e.g. "50Mbit"'),
    tx_limit: key(optional(rate), '', 'to the client'),
    quota: key(
      optional(quota),
      '',
      'both directions and all sessions of the user together: "100GiB/month", "20GiB/week", "5GiB/day"',
    ),
    hours: key(
      optional(hours),
      '',
      'when the user may be connected, by the clock of the server, e.g. "Mon-Fri 08:00-18:00"',
    ),
    expires: key(
      optional(expiry),
      '',
      'the last day of the account, or the moment at which it is closed',
    ),
    dscp: key(optional(dscp), '', 'mark of the packets outside: "ef", "af41", 46; "" = none'),
    udp: key(boolean, true, 'false: TLS only'),
    append_routes: key(
      boolean,
      false,
      'add routes to those inherited instead of replacing them; is inherited itself',
    ),
    headers: key(
      answerHeaders,
      {},
      'extra lines in the CONNECT answer; {user} and {group} are replaced',
    ),
    max_sessions: key(integer(0, 1_000_000), 0, 'sessions per user; 0 = no limit'),
    compression: key(boolean, false, 'LZ4 or LZS; what is secret can be guessed by its size then'),
    user_profile: key(
      optional(path('/etc/wolfguard/profile.xml')),
      '',
      'the AnyConnect profile that clients are offered after login',
    ),
  },
);
