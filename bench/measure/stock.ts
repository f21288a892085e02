// Bulk through the stock openconnect, one tunnel: what people have at the other end today.
import { ALICE } from '../../test/scenario/harness/accounts.ts';
import { Client } from '../../test/scenario/harness/client.ts';
import { checkSessions, checkWarnings, type Channel } from '../checks.ts';
import type { Bench, Outcome } from '../measurements.ts';
import { Iperf } from './iperf.ts';

export function stock(channel: Channel) {
  return async ({ open, seconds }: Bench): Promise<Outcome> => {
    const scene = await open();
    const client = await Client.connect(scene.lab, { account: ALICE, dtls: channel === 'dtls' });
    const iperf = await Iperf.start(scene, [client.ipv4]);
    const figures = await iperf.bothWays(seconds, client.program);
    checkSessions(await scene.sessions(), 1, channel);
    checkWarnings(scene.warnings());
    return { figures };
  };
}
