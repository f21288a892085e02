import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { once } from 'node:events';
import { system } from '../../../native/system.ts';

const native = system();

test('"::" listens for IPv4 and IPv6, another IPv6 address for IPv6 only', async () => {
  for (const [address, reached] of [
    ['::', ['127.0.0.1', '::1']],
    ['::1', ['::1']],
    ['127.0.0.1', ['127.0.0.1']],
  ] as const) {
    const port = await freePort();
    const fd = native.listenTcp(address, port);
    const answers = [];
    for (const target of ['127.0.0.1', '::1']) {
      if (await connects(target, port)) answers.push(target);
    }
    native.closeFd(fd);
    assert.deepEqual(answers, reached, address);
  }
});

test('workers share a port', async () => {
  const port = await freePort();
  const fds = [
    native.listenTcp('127.0.0.1', port),
    native.listenTcp('127.0.0.1', port),
    native.bindUdp('127.0.0.1', port, 65536),
    native.bindUdp('127.0.0.1', port, 65536),
  ];
  fds.forEach((fd) => native.closeFd(fd));
});

test('the probe sees a port of a program of the same user that would share it', async () => {
  const port = await freePort();
  for (const address of ['127.0.0.1', '::1', '::']) {
    const tcp = native.listenTcp(address, port);
    assert.throws(() => native.probePort(address, port, 'tcp'), { code: 'EADDRINUSE' });
    native.closeFd(tcp);
    const udp = native.bindUdp(address, port, 65536);
    assert.throws(() => native.probePort(address, port, 'udp'), { code: 'EADDRINUSE' });
    native.closeFd(udp);
    native.probePort(address, port, 'tcp');
    native.probePort(address, port, 'udp');
  }
});

test('a port of another program is in use', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  assert.throws(() => native.listenTcp('::', port), { code: 'EADDRINUSE', syscall: 'bind' });
  server.close();
});

test('what is no address or port is refused', () => {
  assert.throws(() => native.listenTcp('localhost', 1), { code: 'EINVAL' });
  assert.throws(() => native.listenTcp('::1', 65536), { code: 'EINVAL' });
  assert.throws(() => native.bindUdp('192.0.2.77', 1000, 65536), { code: 'EADDRNOTAVAIL' });
  assert.throws(() => native.listenTcp(1 as unknown as string, 1), TypeError);
});

test('a socket that somebody else has opened is known for what it is', async () => {
  const port = await freePort();
  const own = { address: '::', port, dualStack: true };
  const tcp = native.listenTcp('::', port);
  const udp = native.bindUdp('127.0.0.1', port, 65536);
  assert.deepEqual(native.describeSocket(tcp), { kind: 'tcp', ...own });
  const facts = { kind: 'udp', address: '127.0.0.1', port, dualStack: false };
  assert.deepEqual(native.describeSocket(udp), facts);
  native.closeFd(udp);
  native.closeFd(tcp);
  const [receive, send] = native.openMailbox();
  assert.equal(native.describeSocket(receive).kind, 'other');
  [receive, send].forEach((fd) => native.closeFd(fd));
  assert.throws(() => native.describeSocket(openSync('/dev/null', 'r')), { code: 'ENOTSOCK' });
});

test('an adopted socket shares its port with further ones', async () => {
  const server = net.createServer().listen(0, '::');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  assert.throws(() => native.listenTcp('::', port), { code: 'EADDRINUSE' });
  native.adoptTcp(fd);
  native.closeFd(native.listenTcp('::', port));
  server.close();

  const socket = createSocket('udp6');
  await new Promise<void>((resolve) => socket.bind(port, '::', resolve));
  const { fd: udp } = (socket as unknown as Record<symbol, { handle: { fd: number } }>)[
    Object.getOwnPropertySymbols(socket).find((name) => name.description === 'state symbol') ??
      assert.fail('Node names it otherwise now')
  ]?.handle ?? { fd: -1 };
  native.adoptUdp(udp, 65536);
  native.closeFd(native.bindUdp('::', port, 65536));
  socket.close();
});

test('a dual-stack UDP socket takes datagrams of both families', async () => {
  const port = await freePort();
  const socket = createSocket('udp6');
  socket.bind({ fd: native.bindUdp('::', port, 1 << 20) });
  const senders: string[] = [];
  const arrived = new Promise<void>((resolve) => {
    socket.on('message', (_, from) => {
      if (senders.push(from.address) === 2) resolve();
    });
  });
  for (const [type, target] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const client = createSocket(type);
    client.send('x', port, target, () => client.close());
  }
  await arrived;
  assert.ok(socket.getRecvBufferSize() >= 1 << 20);
  socket.close();
  assert.deepEqual(senders.sort(), ['::1', '::ffff:127.0.0.1']);
});

test('a mailbox is a pair of sockets of our own making', () => {
  const [receive, send] = native.openMailbox();
  assert.ok(fstatSync(receive).isSocket() && fstatSync(send).isSocket());
  native.closeFd(receive);
  native.closeFd(send);
  assert.throws(() => native.closeFd(send), { code: 'EBADF', syscall: 'close' });
});

test('the other end of a Unix socket is known by its credentials', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-'));
  const server = net.createServer().listen(path.join(directory, 's'));
  await once(server, 'listening');
  const client = net.connect(path.join(directory, 's'));
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  const { fd } = (accepted as unknown as { _handle: { fd: number } })._handle;
  assert.deepEqual(native.peerCredentials(fd), {
    pid: process.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
  });
  client.destroy();
  accepted.destroy();
  server.close();
  rmSync(directory, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '::');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
