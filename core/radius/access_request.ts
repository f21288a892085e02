// What an Access-Request says about somebody who wants to come in.
import { NAME, bytes, integer, text } from './attributes.ts';
import type { Attribute } from './packet.ts';
import { MAX_VALUE_BYTES } from './packet.ts';
import { MAX_PASSWORD_BYTES } from './user_password.ts';

/** Who asks, the same in each round of a login. */
export interface Caller {
  readonly user: string;
  readonly nasIdentifier: string;
  /** The client's address outside. */
  readonly callingStation: string;
  readonly userAgent: string;
  /** The number of the session that this login may become, for its accounts. */
  readonly sessionId: string;
}

/** [rfc2865 5.6]: a session that gets an address and routes. */
const FRAMED = 2;
/** [rfc2865 5.41]: no wire that ends here. */
const VIRTUAL = 5;

/** `hiddenPassword`: by hidePassword. `state`: of the challenge that is answered; null = none. */
export const accessRequest = (
  caller: Caller,
  hiddenPassword: Uint8Array,
  state: Uint8Array | null,
): Attribute[] => [
  text(NAME.userName, caller.user),
  bytes(NAME.userPassword, hiddenPassword),
  ...(state === null ? [] : [bytes(NAME.state, state)]),
  ...callerAttributes(caller),
];

/** What both kinds of requests say. */
export const callerAttributes = (caller: Omit<Caller, 'user'>): Attribute[] => [
  text(NAME.nasIdentifier, caller.nasIdentifier),
  integer(NAME.nasPortType, VIRTUAL),
  integer(NAME.serviceType, FRAMED),
  text(NAME.callingStationId, caller.callingStation),
  ...(caller.userAgent === '' ? [] : [text(NAME.connectInfo, caller.userAgent)]),
  text(NAME.acctSessionId, caller.sessionId),
];

/**
 * Whether name and password can be said at all; who has others is unknown to every server. An empty
 * answer to a challenge is one ("press enter to have a code sent").
 */
export function isExpressible(user: string, password: string): boolean {
  const [name, secret] = [bytesOf(user), bytesOf(password)];
  const sound = name > 0 && name <= MAX_VALUE_BYTES && secret <= MAX_PASSWORD_BYTES;
  // A NUL is what passwords are filled up with: behind it nothing would count.
  return sound && !password.includes('\0');
}

const bytesOf = (value: string): number => new TextEncoder().encode(value).length;
