// The addon wolfguard_test, built beside the sanitized engine: see native/test/bind_test.cc.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

/** OpenSSL's DTLS client over datagrams in memory. Call receive, then take what is to be sent. */
export interface DtlsClient {
  receive(datagram: Uint8Array): void;
  /** Repeats the last flight if its timer (25 ms) has run out. */
  timeOut(): void;
  send(text: Uint8Array): boolean;
  /** The next text that has arrived. */
  read(): Buffer | undefined;
  takeOutput(): Buffer[];
  state(): 'handshake' | 'up' | 'failed' | 'closed';
  /** Gathers a close_notify. */
  close(): void;
}

export interface TestAddon {
  /** The C++ unit tests, each a sentence. */
  unitNames(): string[];
  /** What failed; [] when nothing did. */
  runUnit(name: string): string[];
  fuzzNames(): string[];
  /** How many cases were run; a finding aborts the process. */
  runFuzz(target: string, seed: number, milliseconds: number): number;
  /** [the engine's end, the test's end] of a TUN queue that needs no root. */
  openFakeTun(): [number, number];
  /** The kernel refuses UDP_SEGMENT on that UDP socket from now on. */
  refuseSegmentation(udp: number): void;
  /** undefined: none is there. */
  readDatagram(fd: number): Buffer | undefined;
  /** false: no room. */
  writeDatagram(fd: number, bytes: Uint8Array): boolean;
  /**
   * What a program says to each packet: 1 allowed, 0 denied, 2 not to be judged. undefined: the
   * bytes are no program.
   */
  judgePackets(program: Uint8Array, packets: readonly Uint8Array[]): (0 | 1 | 2)[] | undefined;
  /** 48 bytes of secret: Cisco's resumption; 32: PSK-NEGOTIATE. '' = all suites of that kind. */
  createDtlsClient(appId: Uint8Array, secret: Uint8Array, ciphers: string): DtlsClient;
}

const DEFAULT_ADDON = path.join(
  import.meta.dirname,
  '../../../native/build-asan/build/Release/wolfguard.node',
);

const file = path.join(
  path.dirname(process.env['WOLFGUARD_ADDON'] ?? DEFAULT_ADDON),
  'wolfguard_test.node',
);
if (!existsSync(file)) {
  throw new Error(`${file} is missing: run these tests by "npm run test:engine"`);
}

export const testAddon = createRequire(import.meta.url)(file) as TestAddon;
