import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorLimit, descriptorShortage, tunnelRoom } from '../../../server/descriptors.ts';

test('a limit that holds all clients is no news, and nothing is promised without max_clients', () => {
  assert.equal(descriptorShortage(20_000, { workers: 2, maxClients: 34_000 }), undefined);
  assert.equal(descriptorShortage(1024, { workers: 2, maxClients: 0 }), undefined);
  assert.equal(descriptorShortage(Infinity, { workers: 1, maxClients: 1e6 }), undefined);
});

test('a limit that is too low is named with one that would do', () => {
  const sentence = descriptorShortage(20_000, { workers: 2, maxClients: 100_000 }) ?? '';
  assert.match(sentence, /20000 descriptors.*room for 34545 clients.*max_clients is 100000/);
  const wanted = Number(/raise the limit to (\d+)/.exec(sentence)?.[1]);
  assert.equal(descriptorShortage(wanted, { workers: 2, maxClients: 100_000 }), undefined);
});

test('a limit below what a worker needs for itself has room for nobody', () => {
  assert.equal(tunnelRoom(256, { workers: 4 }), 0);
});

test('the limit is the one that this process has', () => {
  const limits = 'Limit   Soft Limit  Hard Limit  Units\nMax open files   4096   524288   files\n';
  assert.equal(descriptorLimit(limits), 4096);
  assert.equal(descriptorLimit('Max open files   unlimited  unlimited   files\n'), Infinity);
  assert.equal(descriptorLimit(''), Infinity);
  assert.ok(descriptorLimit() > 100);
});
