import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StopRequest } from '../../../server/stop_request.ts';

test('the first wish stops, a later one hurries, and the echo of a keypress does neither', async () => {
  let hurries = 0;
  const request = new StopRequest(() => hurries++);
  assert.equal(request.isMade, false);
  request.make(1000);
  await request.whenMade;
  assert.equal(request.isMade, true);
  request.make(1003);
  assert.equal(hurries, 0);
  request.make(3000);
  assert.equal(hurries, 1);
});
