// PEM frames around DER.
import { Buffer } from 'node:buffer';

/** The blocks of one label in a text file, in their order, each with a newline behind it. */
export function pemBlocks(file: Uint8Array, label: string): string[] {
  const text = Buffer.from(file).toString('latin1');
  const frame = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'g');
  return (text.match(frame) ?? []).map((block) => `${block}\n`);
}

/** DER in a PEM frame, 64 characters a line [rfc7468 2]. */
export function toPem(der: Uint8Array, label: string): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** What is inside a frame; letters that base64 has not are passed over. */
export const derOf = (pem: string): Uint8Array =>
  Buffer.from(pem.replaceAll(/-----[^-]+-----/g, ''), 'base64');
