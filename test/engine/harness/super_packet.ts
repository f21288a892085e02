// What a TUN device with TSO hands over.
import { ipv4Packet } from './cstp.ts';

/** In front of a super-packet of TCP over IPv4 that is to be cut into segments of so many bytes. */
export function virtioHeader(segmentSize: number): Buffer {
  const header = Buffer.alloc(10);
  header[0] = 1; // the checksum is still to be made
  header[1] = 1; // TCP over IPv4
  header.writeUInt16LE(40, 2);
  header.writeUInt16LE(segmentSize, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(16, 8);
  return header;
}

/** With its checksums. */
export function tcpPacket(
  source: readonly number[],
  destination: readonly number[],
  sequence: number,
  payload: Buffer,
): Buffer {
  const packet = Buffer.concat([
    ipv4Packet(source, destination, { size: 40, protocol: 6, dontFragment: true }),
    payload,
  ]);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(0, 10);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  packet.writeUInt32BE(sequence, 24);
  packet[32] = 0x50;
  packet[33] = 0x10;
  const pseudo = Buffer.alloc(12);
  packet.copy(pseudo, 0, 12, 20);
  pseudo.writeUInt16BE(6, 8);
  pseudo.writeUInt16BE(packet.length - 20, 10);
  packet.writeUInt16BE(checksum(Buffer.concat([pseudo, packet.subarray(20)])), 36);
  return packet;
}

function checksum(data: Buffer): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += i % 2 === 0 ? (data[i] ?? 0) << 8 : (data[i] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
