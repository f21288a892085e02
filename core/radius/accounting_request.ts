// What an Accounting-Request says about a session [rfc2866 5, rfc2869 5].
import type { AccountingRecord } from '../ipc/auth.ts';
import { parseIp } from '../net/address.ts';
import type { EpochMs } from '../units.ts';
import { NAME, address, bytes, integer, text } from './attributes.ts';
import { callerAttributes } from './access_request.ts';
import type { Attribute } from './packet.ts';

const STATUS = { start: 1, stop: 2, interim: 3 } as const;
/** Acct-Authentic [rfc2866 5.6]: by a RADIUS server. */
const BY_RADIUS = 1;
/** Of 4096; everything else is below 1300. */
const MAX_CLASS_BYTES = 2750;

/** [rfc2866 5.10, oc 10.1] */
const CAUSE: Readonly<Record<NonNullable<AccountingRecord['cause']>, number>> = {
  'user-disconnect': 1, // User Request
  logout: 1,
  lost: 2, // Lost Carrier
  'dpd-timeout': 2,
  expired: 2,
  'idle-timeout': 4,
  'session-timeout': 5,
  'hours-over': 5,
  'account-expired': 5,
  admin: 6, // Admin Reset
  'protocol-error': 9, // NAS Error
  'quota-used': 10, // NAS Request
  displaced: 10,
  refused: 10,
  replaced: 10,
  shutdown: 11, // NAS Reboot
};

/** `now`: when it is sent; what happened earlier is told with the delay. */
export function accountingRequest(
  record: AccountingRecord,
  nasIdentifier: string,
  now: EpochMs,
): Attribute[] {
  const { at, event, user, peer, userAgent, id, attributes } = record;
  return [
    integer(NAME.acctStatusType, STATUS[event]),
    text(NAME.userName, user),
    ...callerAttributes({ nasIdentifier, callingStation: peer.address, userAgent, sessionId: id }),
    integer(NAME.acctAuthentic, BY_RADIUS),
    integer(NAME.eventTimestamp, seconds(at)),
    integer(NAME.acctDelayTime, seconds(Math.max(0, now - at))),
    ...inside(record),
    ...classesOf(attributes?.classes ?? []),
    ...(event === 'start' ? [] : usage(record)),
  ];
}

/** As many as fit into a packet beside all the rest. */
function classesOf(classes: readonly string[]): Attribute[] {
  const attributes = classes.map((hex) => bytes(NAME.class, fromHex(hex)));
  let room = MAX_CLASS_BYTES;
  return attributes.filter(({ value }) => (room -= value.length + 2) >= 0);
}

function inside({ inside4, inside6 }: AccountingRecord): Attribute[] {
  const [four, six] = [inside4, inside6].map((ip) => (ip === null ? undefined : parseIp(ip)));
  return [
    ...(four === undefined ? [] : [address(NAME.framedIpAddress, four)]),
    ...(six === undefined ? [] : [address(NAME.framedIpv6Address, six)]),
  ];
}

/** Input is what comes from the client; octets beyond 32 bits are counted in gigawords. */
function usage({ durationMs, traffic, cause }: AccountingRecord): Attribute[] {
  const gigawords = (octets: number): number => Math.floor(octets / 2 ** 32);
  return [
    integer(NAME.acctSessionTime, seconds(durationMs)),
    integer(NAME.acctInputOctets, traffic.rxBytes),
    integer(NAME.acctInputGigawords, gigawords(traffic.rxBytes)),
    integer(NAME.acctInputPackets, traffic.rxPackets),
    integer(NAME.acctOutputOctets, traffic.txBytes),
    integer(NAME.acctOutputGigawords, gigawords(traffic.txBytes)),
    integer(NAME.acctOutputPackets, traffic.txPackets),
    ...(cause === null ? [] : [integer(NAME.acctTerminateCause, CAUSE[cause])]),
  ];
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
