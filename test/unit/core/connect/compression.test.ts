import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCompression } from '../../../../core/connect/compression.ts';
import { parseConnectHeaders } from '../../../../core/connect/connect_request.ts';

const offers = (tls: string, dtls?: string) =>
  parseConnectHeaders({
    'x-cstp-accept-encoding': tls,
    ...(dtls === undefined ? {} : { 'x-dtls-accept-encoding': dtls }),
  }).compression;

test('of what openconnect offers LZ4 is taken, for each channel by itself [oc 5.1]', () => {
  assert.deepEqual(chooseCompression(offers('oc-lz4,lzs,deflate', 'oc-lz4,lzs'), true), {
    tls: 'oc-lz4',
    dtls: 'oc-lz4',
  });
});

test('the client’s order does not matter, and neither do blanks and capitals', () => {
  assert.deepEqual(chooseCompression(offers('LZS', 'lzs , OC-LZ4'), true), {
    tls: 'lzs',
    dtls: 'oc-lz4',
  });
});

test('what only the client knows is nothing to agree on [oc 9]', () => {
  assert.deepEqual(chooseCompression(offers('deflate,lz4,oc-lz4x'), true), {
    tls: null,
    dtls: null,
  });
});

test('nothing is agreed on where the policy forbids it', () => {
  assert.deepEqual(chooseCompression(offers('oc-lz4', 'oc-lz4'), false), { tls: null, dtls: null });
});
