// Bulk through the load client: the server's CPU for each GB, with a client that is not the limit.
import { checkSessions, checkWarnings, type Channel } from '../checks.ts';
import { LoadRun } from '../load/scene.ts';
import type { Bench, Outcome } from '../measurements.ts';
import type { Scene, SceneOptions } from '../scene.ts';
import { Iperf } from './iperf.ts';

/** Much longer than any measurement: the client is stopped when its lab is closed. */
const HOLD_SECONDS = '900';
const CONNECT_TIMEOUT_MS = 60_000;
/** Of each of the client's UDP sockets: it must not be the one that drops. */
const BUFFER_BYTES = 4 << 20;

/** One session, one TCP stream, first down, then up. */
export function bulk(channel: Channel, options: SceneOptions = {}) {
  return async ({ open, seconds }: Bench): Promise<Outcome> => {
    const scene = await open(options);
    const { run, addresses } = await connect(scene, channel, 1);
    const iperf = await Iperf.start(scene, addresses);
    const figures = await iperf.bothWays(seconds, run.program);
    checkSessions(await scene.sessions(), 1, channel);
    checkWarnings(scene.warnings());
    return { figures };
  };
}

/** So many sessions behind one TUN device of the load client, checked to be what was asked for. */
export async function connect(
  scene: Scene,
  channel: Channel,
  sessions: number,
  more: readonly string[] = [],
): Promise<{ readonly run: LoadRun; readonly addresses: readonly string[] }> {
  const run = new LoadRun(scene.lab, [
    ...['bulk', `--${channel}`, '--sessions', `${sessions}`, '--seconds', HOLD_SECONDS],
    ...['--buffer', `${BUFFER_BYTES}`, '--target', scene.inside4, ...more],
  ]);
  const { addresses } = await run.ready(CONNECT_TIMEOUT_MS);
  checkSessions(await scene.sessions(), sessions, channel);
  return { run, addresses };
}
