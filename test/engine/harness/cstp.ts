// CSTP frames and inside packets as a client makes them [oc 6.1].

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

export const DATA = 0;
export const DPD_REQUEST = 3;
export const DPD_RESPONSE = 4;
export const DISCONNECT = 5;
export const KEEPALIVE = 7;

export function frame(type: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.from([0x53, 0x54, 0x46, 1, 0, 0, type, 0]);
  header.writeUInt16BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** Whole frames from the start of a stream; throws on what is no CSTP. */
export function parseFrames(stream: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let rest = stream;
  while (rest.length >= 8) {
    if (rest.readUInt32BE(0) !== 0x53544601) throw new Error(`no CSTP: ${rest.toString('latin1')}`);
    const length = rest.readUInt16BE(4);
    if (rest.length < 8 + length) break;
    frames.push({ type: rest.readUInt8(6), payload: rest.subarray(8, 8 + length) });
    rest = rest.subarray(8 + length);
  }
  return { frames, rest };
}

const UDP = 17;

/** A packet of `size` bytes whose last bytes are `text`. */
export function ipv4Packet(
  source: readonly number[],
  destination: readonly number[],
  { size = 100, text = '', protocol = UDP, dontFragment = false } = {},
): Buffer {
  const packet = Buffer.alloc(size);
  packet[0] = 0x45;
  packet.writeUInt16BE(size, 2);
  packet[6] = dontFragment ? 0x40 : 0;
  packet[8] = 64;
  packet[9] = protocol;
  packet.set(source, 12);
  packet.set(destination, 16);
  packet.write(text, size - text.length, 'latin1');
  return packet;
}

export function ipv6Packet(
  source: readonly number[],
  destination: readonly number[],
  { size = 100, text = '', protocol = UDP } = {},
): Buffer {
  const packet = Buffer.alloc(size);
  packet[0] = 0x60;
  packet.writeUInt16BE(size - 40, 4);
  packet[6] = protocol;
  packet[7] = 64;
  packet.set(source, 8);
  packet.set(destination, 24);
  packet.write(text, size - text.length, 'latin1');
  return packet;
}

/** 10.77.0.LAST and fd00::LAST. */
export const inside4 = (last: number): number[] => [10, 77, 0, last];
export const inside6 = (last: number): number[] => [0xfd, ...Array<number>(14).fill(0), last];

/** The server's side of the inside. */
export const SERVER4 = inside4(1);
export const SERVER6 = inside6(1);
