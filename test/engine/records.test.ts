// The TLS channel of real tunnels: the engine's own records for every suite, records cut and joined
// by the network, peers that send nonsense, flood or stand still.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import tls from 'node:tls';
import {
  DATA,
  DPD_REQUEST,
  DPD_RESPONSE,
  frame,
  inside4,
  ipv4Packet,
  parseFrames,
  SERVER4,
} from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';
import { connectRequest } from './harness/vpn_client.ts';

const SUITES = [
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLSv1.2', 'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305'],
] as const;

const CLIENT = inside4(2);
const packet = (number: number, size = 1200): Buffer =>
  ipv4Packet(CLIENT, SERVER4, { size, text: `#${number}.` });
const numberOf = (bytes: Buffer): number => Number(/#(\d+)\./.exec(bytes.toString('latin1'))?.[1]);

describe('every suite', () => {
  for (const [version, ciphers] of SUITES) {
    test(`${version} ${ciphers.split(':')[0]}: early frames, echo, and packets both ways`, async () => {
      using rig = await EngineRig.start();
      using line = await Line.open(rig, { version, ciphers, early: frame(DATA, packet(0)) });
      await rig.packetsInside(1);
      line.send(DPD_REQUEST, Buffer.from('still there?'));
      assert.equal((await line.next(DPD_RESPONSE)).toString(), 'still there?');
      for (let i = 1; i <= 300; i++) line.send(DATA, packet(i));
      const up = await rig.packetsInside(300);
      assert.deepEqual(up.map(numberOf), range(1, 300));
      for (let i = 1; i <= 100; i++) {
        const down = ipv4Packet(SERVER4, CLIENT, { size: 40 + i * 10, text: `#${i}.` });
        await until('the device takes it', () => rig.writeTun(down));
      }
      for (let i = 1; i <= 100; i++) assert.equal(numberOf(await line.next(DATA)), i);
    });
  }
});

describe('the network', () => {
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    test(`${version}: everything from hello to data may come byte by byte`, async () => {
      using rig = await EngineRig.start();
      using relay = await Relay.open(rig.port, (bytes) => [...bytes].map((one) => Buffer.of(one)));
      using line = await Line.open(rig, {
        version,
        port: relay.port,
        early: frame(DATA, packet(0, 100)),
      });
      for (let i = 1; i <= 5; i++) line.send(DATA, packet(i, 100));
      assert.deepEqual((await rig.packetsInside(6)).map(numberOf), range(0, 5));
      line.send(DPD_REQUEST, Buffer.alloc(50, 1));
      assert.equal((await line.next(DPD_RESPONSE)).length, 50);
    });

    test(`${version}: records cut anywhere and joined anyhow bring the same packets`, async () => {
      using rig = await EngineRig.start();
      let step = 1;
      using relay = await Relay.open(rig.port, (bytes) => {
        const parts: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += step) {
          step = ((step * 7 + 3) % 2999) + 1;
          parts.push(bytes.subarray(at, at + step));
        }
        return parts;
      });
      using line = await Line.open(rig, { version, port: relay.port });
      for (let i = 0; i < 200; i++) line.send(DATA, packet(i, 60 + ((i * 37) % 1300)));
      assert.deepEqual((await rig.packetsInside(200)).map(numberOf), range(0, 199));
    });

    test(`${version}: bytes that are no record end the tunnel and no other`, async () => {
      using rig = await EngineRig.start({ handshakesPerSource: 1000 });
      using other = await Line.open(rig, { version, inside: inside4(9) });
      for (const garbage of [
        Buffer.alloc(40),
        Buffer.alloc(8000, 23),
        Buffer.from('1703030014' + '00'.repeat(20), 'hex'),
      ]) {
        const relay = await Relay.open(rig.port, (bytes) => [bytes]);
        const line = await Line.open(rig, { version, port: relay.port });
        line.send(DATA, packet(1));
        await rig.packetsInside(1);
        relay.inject(garbage);
        assert.equal((await rig.tunnelEnd(line.tunnel)).end, 'protocol-error');
        line.close();
        relay.close();
      }
      other.send(DPD_REQUEST);
      await other.next(DPD_RESPONSE);
    });
  }

  test('a client that says close_notify gets one back', async () => {
    using rig = await EngineRig.start();
    using line = await Line.open(rig);
    const closed = once(line.socket, 'close');
    line.socket.end();
    assert.equal((await rig.tunnelEnd(line.tunnel)).end, 'lost');
    await closed;
    assert.equal(line.error, undefined);
  });
});

describe('peers that take less than they ask', () => {
  test('a client that stands still costs the newest packets their room and nobody else anything', async () => {
    using rig = await EngineRig.start();
    using still = await Line.open(rig, { inside: inside4(3) });
    using lively = await Line.open(rig);
    still.socket.pause();
    const total = 9000;
    for (let i = 0; i < total; i++) {
      const down = ipv4Packet(SERVER4, inside4(3), { size: 1200, text: `#${i}.` });
      await until('the device takes it', () => rig.writeTun(down));
      if (i % 500 === 0) {
        lively.send(DPD_REQUEST);
        await lively.next(DPD_RESPONSE, 2000);
      }
    }
    still.send(DPD_REQUEST, Buffer.from('control'));
    await until(
      'some are dropped',
      () => (rig.engine.readTunnel(still.tunnel)?.droppedPackets ?? 0) > 100,
    );
    still.socket.resume();
    assert.equal((await still.next(DPD_RESPONSE, 10_000)).toString(), 'control');
    await until('the last packet is there', () =>
      still.frames.some(({ payload }) => numberOf(payload) === total - 1),
    );
    const seen = still.frames.map(({ payload }) => numberOf(payload));
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(seen.length + (rig.engine.readTunnel(still.tunnel)?.droppedPackets ?? 0), total);
  });

  test('a client that asks and never reads is not read from for ever, and lives on when it reads', async () => {
    using rig = await EngineRig.start();
    using line = await Line.open(rig);
    line.socket.pause();
    const question = frame(DPD_REQUEST, Buffer.alloc(16_000, 1));
    let asked = 0;
    // Beyond all socket buffers: the engine must stop reading, so that we cannot write.
    while (asked < 4000 && line.socket.writableLength < 8_000_000) {
      line.socket.write(question);
      asked += 1;
      if (asked % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(line.socket.writableLength > 0, 'the engine swallowed everything');
    line.socket.resume();
    await until('every answer', () => line.frames.length === asked, 30_000);
  });

  test('a tunnel that was in bulk is as quick as any as soon as it is quiet', async () => {
    using rig = await EngineRig.start();
    using line = await Line.open(rig);
    for (let round = 0; round < 3; round++) {
      const bulk = Buffer.concat(Array.from({ length: 4000 }, (_, i) => frame(DATA, packet(i))));
      line.socket.write(bulk);
      // Less than any low-water mark: it must not wait for more.
      line.send(DPD_REQUEST, Buffer.from('end'));
      await line.next(DPD_RESPONSE, 5000);
      rig.readTun();
      for (let i = 0; i < 10; i++) {
        line.send(DPD_REQUEST, Buffer.from('quiet'));
        await line.next(DPD_RESPONSE, 500);
      }
    }
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

interface LineOptions {
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  readonly early?: Buffer;
  readonly port?: number;
  readonly inside?: readonly number[];
}

/** A tunnel's client end, with a version and suite of the test's choice. */
class Line {
  readonly socket: tls.TLSSocket;
  readonly frames: { readonly type: number; readonly payload: Buffer }[] = [];
  tunnel = 0;
  error: Error | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #connected = false;

  static async open(rig: EngineRig, options: LineOptions = {}): Promise<Line> {
    const { version = 'TLSv1.3', ciphers } = options;
    const socket = tls.connect({
      host: '127.0.0.1',
      port: options.port ?? rig.port,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ...(ciphers === undefined ? {} : { ciphers }),
    });
    await once(socket, 'secureConnect');
    const line = new Line(socket);
    const request = connectRequest({ inside4: options.inside ?? CLIENT, mtu: 1400 });
    socket.write(Buffer.concat([request, options.early ?? Buffer.alloc(0)]));
    await until('the answer to CONNECT', () => line.#connected);
    return line;
  }

  private constructor(socket: tls.TLSSocket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', (error) => (this.error = error));
    socket.on('data', (data: Buffer) => this.#take(data));
  }

  send(type: number, payload: Uint8Array = Buffer.alloc(0)): void {
    this.socket.write(frame(type, payload));
  }

  next(type: number, timeoutMs = 5000): Promise<Buffer> {
    return until(
      `a frame of type ${type}`,
      () => {
        const at = this.frames.findIndex((one) => one.type === type);
        return at < 0 ? undefined : this.frames.splice(at, 1)[0]?.payload;
      },
      timeoutMs,
    );
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    if (!this.#connected) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.tunnel = Number(/X-Test-Tunnel: (\d+)/.exec(this.#rest.toString('latin1', 0, end))?.[1]);
      this.#rest = this.#rest.subarray(end + 4);
      this.#connected = true;
    }
    const { frames, rest } = parseFrames(this.#rest);
    this.frames.push(...frames);
    this.#rest = rest;
  }
}

/** A TCP relay that cuts what the client sends as the test likes; down it goes as it comes. */
class Relay {
  readonly port: number;
  readonly #server: net.Server;
  readonly #sockets: net.Socket[] = [];
  #up: net.Socket | undefined;

  static async open(target: number, cut: (bytes: Buffer) => readonly Buffer[]): Promise<Relay> {
    const server = net.createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Relay(server, target, cut);
  }

  private constructor(
    server: net.Server,
    target: number,
    cut: (bytes: Buffer) => readonly Buffer[],
  ) {
    this.#server = server;
    this.port = (server.address() as net.AddressInfo).port;
    server.on('connection', (down) => {
      const up = net.connect({ port: target, host: '127.0.0.1', noDelay: true });
      this.#up = up;
      this.#sockets.push(down, up);
      for (const socket of [down, up]) socket.on('error', () => undefined);
      let order = Promise.resolve();
      down.on('data', (bytes: Buffer) => {
        order = order.then(async () => {
          for (const part of cut(bytes)) {
            up.write(part);
            // A turn of the loop each: what is written at once would travel together.
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      });
      down.on('end', () => up.end());
      up.pipe(down);
    });
  }

  /** Into the stream towards the engine, behind what has been sent. */
  inject(bytes: Buffer): void {
    this.#up?.write(bytes);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
