import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseUdpPort, type Listener } from '../../../../core/connect/udp_port.ts';

const at = (text: string): Listener => {
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
  return { address, port: Number(port) };
};
const port = (listeners: readonly string[], local: string, proxied = false): number | null =>
  chooseUdpPort({ listeners: listeners.map(at), local: at(local), proxied });

test('one port for all is everybody’s', () => {
  assert.equal(port([':::443'], '192.0.2.1:443'), 443);
  assert.equal(port([':::443'], '2001:db8::1:8443'), 443);
  assert.equal(port(['0.0.0.0:443'], '192.0.2.1:443'), 443);
});

test('the port with the number that the client came to, else the first there', () => {
  const listeners = ['192.0.2.1:443', '192.0.2.1:8443', '192.0.2.2:9443'];
  assert.equal(port(listeners, '192.0.2.1:8443'), 8443);
  assert.equal(port(listeners, '192.0.2.1:10443'), 443);
  assert.equal(port(listeners, '192.0.2.2:443'), 9443);
});

test('where nothing listens at the client’s address there is no DTLS', () => {
  assert.equal(port([], '192.0.2.1:443'), null);
  assert.equal(port(['192.0.2.1:443'], '192.0.2.2:443'), null);
  assert.equal(port(['0.0.0.0:443'], '2001:db8::1:443'), null);
  assert.equal(port(['2001:db8::1:443'], '192.0.2.1:443'), null);
});

test('an address is the same however it is written', () => {
  assert.equal(port(['2001:db8::1:443'], '2001:0db8:0:0::0001:443'), 443);
});

test('behind a proxy the client came to an address that is not ours', () => {
  const listeners = ['192.0.2.1:443', '192.0.2.1:8443'];
  assert.equal(port(listeners, '203.0.113.1:8443', true), 8443);
  assert.equal(port(listeners, '203.0.113.1:9443', true), 443);
});
