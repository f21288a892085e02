// What is too long for a datagram is cut where everybody sees it.
import { Buffer } from 'node:buffer';

/** At most so many bytes of UTF-8; the end of what was longer says how long. */
export function cutText(text: string, mostBytes: number): string {
  // No character has more than three bytes for each of its UTF-16 units.
  if (text.length * 3 <= mostBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  const mark = ` … (cut, ${bytes.length} bytes)`;
  let end = Math.max(0, mostBytes - Buffer.byteLength(mark));
  // Not within a character: its later bytes begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + mark;
}
