// What may be offered as an AnyConnect profile.
import { Buffer, isUtf8 } from 'node:buffer';

/** Real ones have a few KiB; every client of the section may ask for it. */
const MAX_BYTES = 1024 * 1024;

/** Why these bytes are no profile, for a sentence that begins with the file; undefined = they are. */
export function findProfileMistake(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_BYTES) return 'is larger than 1 MiB';
  if (!isUtf8(bytes)) return 'is not UTF-8';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (!/^\ufeff?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[^]*?-->\s*)*<AnyConnectProfile[\s>]/.test(text))
    return 'is no AnyConnect profile: its first element is not AnyConnectProfile';
  return /<\/AnyConnectProfile\s*>\s*(?:<!--[^]*?-->\s*)*$/.test(text)
    ? undefined
    : 'is no whole AnyConnect profile: </AnyConnectProfile> is missing at its end';
}
