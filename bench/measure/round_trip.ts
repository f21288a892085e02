// What a tunnel adds to the round trip of an idle path: ping through the stock client's tunnel,
// less ping outside of it over the same cable.
import assert from 'node:assert/strict';
import { ALICE } from '../../test/scenario/harness/accounts.ts';
import { Client } from '../../test/scenario/harness/client.ts';
import type { Host } from '../../test/scenario/harness/host.ts';
import { SERVER_IPV4 } from '../../test/scenario/harness/lab.ts';
import { checkSessions } from '../checks.ts';
import type { Bench, Outcome } from '../measurements.ts';
import { percentile } from '../statistics.ts';

const PER_SECOND = 100;
/** A lost echo counts as an outlier, many as a broken path. */
const LEAST_ANSWERED = 0.99;

export async function roundTrip({ open, seconds }: Bench): Promise<Outcome> {
  const scene = await open();
  const client = await Client.connect(scene.lab, { account: ALICE });
  const outside = await ping(scene.lab.client, SERVER_IPV4, seconds);
  const inside = await ping(scene.lab.client, scene.inside4, seconds);
  checkSessions(await scene.sessions(), 1, 'dtls');
  await client.logOut();
  const added = (share: number): number => percentile(inside, share) - percentile(outside, share);
  const [outsideP50, insideP50] = [percentile(outside, 0.5), percentile(inside, 0.5)];
  return { figures: { p50: added(0.5), p99: added(0.99), outsideP50, insideP50 } };
}

/** Milliseconds of each echo. */
async function ping(host: Host, address: string, seconds: number): Promise<number[]> {
  const count = Math.round(seconds * PER_SECOND);
  const program = host.spawn('ping', [
    ...['-n', '-i', `${1 / PER_SECOND}`, '-W', '1', '-c', `${count}`, address],
  ]);
  await program.waitForExit(seconds * 1000 + 30_000);
  const times = [...program.output.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  const answered = times.length / count;
  assert.ok(answered >= LEAST_ANSWERED, `${times.length} of ${count} pings were answered`);
  return times;
}
