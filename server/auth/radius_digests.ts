// The digests of RADIUS, from OpenSSL.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Digests } from '../../core/radius/digests.ts';

export const DIGESTS: Digests = {
  md5: (...parts) => {
    const hash = createHash('md5');
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  hmacMd5: (key, message) => createHmac('md5', key).update(message).digest(),
  equal: timingSafeEqual,
};
