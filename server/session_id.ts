// What people call a session by. As occtl's it looks like a hash in base64, of which the first six
// characters are usually enough; it is made of what is stored anyway, so that a restart keeps it.
import { hash } from 'node:crypto';

/** As many bytes as occtl's: 28 characters. */
const BYTES = 20;
/** The hash of a hash of the cookie, and of nothing else that is hashed anywhere. */
const DOMAIN = 'wolfguard public session id\0';

/** `cookieHash`: as it is stored. Neither it nor the cookie can be told from the result. */
export const publicIdOf = (cookieHash: string): string =>
  hash('sha256', DOMAIN + cookieHash, 'buffer')
    .subarray(0, BYTES)
    .toString('base64');
