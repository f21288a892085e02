// The mark of the packets outside, as it is written in the configuration.
import { parseDscp } from '../core/net/dscp.ts';
import { quote, wrongType } from './kind.ts';
import type { Kind } from './kind.ts';

/** A DSCP by name or number. */
export const dscp: Kind<number> = {
  name: 'DSCP',
  expected: 'a DSCP',
  example: '"ef"',
  parse: (raw, say) => {
    if (typeof raw !== 'number' && typeof raw !== 'string') return wrongType(dscp, raw, say);
    const value = parseDscp(String(raw));
    return value ?? say(`${quote(String(raw))} is not a DSCP`, hintFor(Number(raw)));
  },
};

/** ocserv's net-priority is the whole byte, of which the DSCP is the upper six bits. */
function hintFor(byte: number): string {
  const isByte = Number.isInteger(byte) && byte > 63 && byte <= 255 && byte % 4 === 0;
  return isByte
    ? `as a whole TOS byte that is dscp = ${byte / 4}`
    : 'a number from 0 to 63, "default", "le", "ef", "va", "cs1" to "cs7" or "af11" to "af43"';
}
