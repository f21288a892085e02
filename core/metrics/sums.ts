// What the sums of the children (engine_totals.cc, the auth process, native/process_meter.ts) are
// called on the page. A name that is not here is not taken from a child at all.
import { durationNames } from './durations.ts';
import type { Family, LabelValues } from './family.ts';
import { families } from './families.ts';

export interface NamedSum {
  readonly name: string;
  readonly family: Family;
  readonly labels: LabelValues;
}

export const BACKENDS = ['file', 'certificate', 'totp', 'pam', 'ldap', 'radius'] as const;
export const GC_KINDS = ['minor', 'major'] as const;
export const OFFLOADS = ['udp_segmentation', 'udp_joining', 'tun_joining'] as const;

/** Packets that were received from a client and went no further. */
export const RECEIVED_DROPS = [
  ['bad_record', 'no DTLS record, or one that does not open'],
  ['replay', 'a DTLS record of a number that has come before, or is too old'],
  ['unknown_peer', 'datagrams that belong to no tunnel'],
  ['roaming_denied', 'policy.deny_roaming'],
  ['flood', "over a peer's share of one wake-up"],
  ['udp_buffer_full', 'the kernel dropped it: a UDP socket was full'],
  ['bad_packet', 'no sound IP packet'],
  ['bad_compression', 'it does not decompress, or to too much'],
  ['link_local', "packets for the client's own link"],
  ['source_forged', 'a source address that the session does not own'],
  ['acl_denied', 'forbidden by the policy'],
  ['rate_limit', 'policy.rx_limit'],
  ['tun_refused', 'the TUN device did not take it'],
  ['mailbox_full', 'the worker that owns it was too slow'],
] as const;

/** Packets for a client that did not reach it. */
export const SENT_DROPS = [
  ['bad_packet', 'no sound IP packet'],
  ['acl_denied', 'from another client, and the policy keeps them apart'],
  ['no_route', 'for an address that no session has'],
  ['mailbox_full', 'the worker that owns it was too slow'],
  ['hand_over', 'the client was between two tunnels for too long'],
  ['too_big', "above the tunnel's MTU, not to be fragmented"],
  ['rate_limit', 'policy.tx_limit'],
  ['seal_failed', 'a record could not be made'],
  ['tls_queue_full', 'the client takes too little over TLS'],
  ['udp_refused', 'the kernel did not take the datagram: buffer full, too big, no route'],
] as const;

const CHANNELS = ['tls', 'dtls'];
const DIRECTIONS = ['received', 'sent'];
const BATCHED_CALLS = ['udp_receive', 'udp_send', 'tun_read', 'tun_write'];
const CALLS = [...BATCHED_CALLS, 'tls_receive', 'tls_send'];
const REFUSALS = ['banned', 'rate', 'source', 'full', 'proxy', 'unready'];
const VERDICTS = ['accepted', 'refused', 'challenge', 'unavailable'];

const named = (name: string, family: Family, ...labels: LabelValues): NamedSum => ({
  name,
  family,
  labels,
});

/** Of the engine and of the auth process, all workers together, in the order of the page. */
export const NAMED_SUMS: readonly NamedSum[] = [
  ...BACKENDS.flatMap((backend) =>
    VERDICTS.map((result) =>
      named(`auth.${backend}.${result}`, families.authChecks, backend, result),
    ),
  ),
  ...DIRECTIONS.flatMap((direction) =>
    CHANNELS.flatMap((channel) => [
      named(`${direction}.${channel}.bytes`, families.tunnelBytes, direction, channel),
      named(`${direction}.${channel}.packets`, families.tunnelPackets, direction, channel),
    ]),
  ),
  ...RECEIVED_DROPS.map(([reason]) =>
    named(`drop.received.${reason}`, families.dropped, 'received', reason),
  ),
  ...SENT_DROPS.map(([reason]) => named(`drop.sent.${reason}`, families.dropped, 'sent', reason)),
  named('forwarded', families.forwarded),
  ...CALLS.map((call) => named(`calls.${call}`, families.calls, call)),
  ...BATCHED_CALLS.map((call) => named(`moved.${call}`, families.moved, call)),
  named('tls.ok.1_2', families.tlsHandshakes, 'ok', '1.2'),
  named('tls.ok.1_3', families.tlsHandshakes, 'ok', '1.3'),
  ...['failed', 'timed_out', 'abandoned'].map((result) =>
    named(`tls.${result}`, families.tlsHandshakes, result, ''),
  ),
  ...REFUSALS.map((reason) => named(`tls.refused.${reason}`, families.connectionsRefused, reason)),
  named('dtls.ok.full', families.dtlsHandshakes, 'ok', 'full'),
  named('dtls.ok.resumed', families.dtlsHandshakes, 'ok', 'resumed'),
  named('dtls.failed', families.dtlsHandshakes, 'failed', ''),
];

/** Counted once a process, by each. */
export const gcNames = (kind: string): { readonly runs: string; readonly ms: string } => ({
  runs: `gc.${kind}`,
  ms: `gc_ms.${kind}`,
});

/** CPU time of a process, in all its threads. */
export const CPU_MS = 'cpu_ms';

const KNOWN: ReadonlySet<string> = new Set([
  ...NAMED_SUMS.map(({ name }) => name),
  ...['tls', 'dtls', ...BACKENDS.map((backend) => `auth.${backend}`)].flatMap(durationNames),
  ...OFFLOADS.map((offload) => `offload.${offload}`),
  CPU_MS,
  ...GC_KINDS.flatMap((kind) => Object.values(gcNames(kind))),
]);

/** Whether a child may count under that name. */
export const isKnownSum = (name: string): boolean => KNOWN.has(name);

/** What children say of the present; other names are not taken. */
export const LEVELS = [
  'connections',
  'tunnels',
  'dtls_tunnels',
  'tls_waiting_bytes',
  'tls_blocked',
  'udp_waiting_bytes',
  'checks_waiting',
  'accounting_spooled',
  'heap_used',
  'heap_total',
  'loop_delay_ms',
] as const;

export type Level = (typeof LEVELS)[number];
