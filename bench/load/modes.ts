// What each mode does with its sessions, and what it reports.
import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NativeClient } from './client.ts';
import type { Crowd, Member } from './crowd.ts';
import type { LoadOptions } from './options.ts';
import { distribution } from './samples.ts';

export interface Run {
  readonly client: NativeClient;
  readonly crowd: Crowd;
  readonly options: LoadOptions;
  /** Aborted by a signal: the run ends in order, and reports. */
  readonly signal: AbortSignal;
  /** A line of JSON on stdout. */
  readonly tell: (event: string, facts: Readonly<Record<string, unknown>>) => void;
  /** The round trips in microseconds since the last time. */
  readonly takeProbes: () => Promise<Float32Array>;
}

type Report = Readonly<Record<string, unknown>>;

/** Connects all, holds them for the time given, with probes, a flood or a TUN device. */
export async function hold(run: Run): Promise<Report> {
  const { client, crowd, options, signal, tell } = run;
  const began = performance.now();
  await crowd.connect(options.sessions);
  const seconds = (performance.now() - began) / 1000;
  const members = [...crowd.members.values()];
  if (options.tun !== '') configureTun(options.tun, members, crowd.target);
  const logins = { connected: members.length, seconds, perSecond: members.length / seconds };
  tell('ready', {
    ...logins,
    target: crowd.target,
    mtu: members[0]?.terms.mtu ?? 0,
    addresses: members.flatMap(({ terms }) => terms.inside4 ?? []),
  });
  if (members.length > 0) startTraffic(run, members);
  const [before, since] = [client.totals(), performance.now()];
  await pause(options.seconds * 1000, signal);
  const [after, lasted] = [client.totals(), (performance.now() - since) / 1000];
  client.probe({ sessions: [], target: '0.0.0.0', perSecond: 0 });
  client.flood({ sessions: [], target: '0.0.0.0', port: options.port, perSecond: 0, burst: 1 });
  await sleep(options.probeRate > 0 ? 200 : 0); // the last answers
  const probes = distribution(await run.takeProbes());
  const stillUp = crowd.members.size;
  await crowd.leaveAll();
  return {
    logins,
    loginMs: distribution(crowd.times.login),
    dtlsMs: distribution(crowd.times.dtls),
    heldSeconds: lasted,
    stillUp,
    stillUpByDtls: after.dtls,
    probes: { sent: client.totals().probesSent, roundTripUs: probes },
    flood: {
      sentPerSecond: (after.floodSent - before.floodSent) / lasted,
      receivedPerSecond: (after.floodReceived - before.floodReceived) / lasted,
    },
  };
}

/** Logs in and out in `parallel` lanes for the time given. */
export async function storm(run: Run): Promise<Report> {
  const { crowd, options, signal } = run;
  const began = performance.now();
  const end = began + options.seconds * 1000;
  const ends = new Map<string, number>();
  let done = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end && !signal.aborted) {
      await crowd.pace();
      const member = await crowd.enter();
      // A server that refuses at once must not be answered by a busy loop.
      if (member === undefined) await sleep(100);
      if (member === undefined) continue;
      const how = await crowd.leave(member.id);
      ends.set(how, (ends.get(how) ?? 0) + 1);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, lane));
  const seconds = (performance.now() - began) / 1000;
  return {
    logins: { completed: done, seconds, perSecond: done / seconds },
    loginMs: distribution(crowd.times.login),
    dtlsMs: distribution(crowd.times.dtls),
    ends: Object.fromEntries(ends),
  };
}

function startTraffic({ client, crowd, options }: Run, members: readonly Member[]): void {
  const ids = members.map(({ id }) => id);
  if (options.probeRate > 0) {
    const sessions = sample(ids, options.probeSessions);
    client.probe({ sessions, target: crowd.target, perSecond: options.probeRate });
  }
  if (options.mode === 'flood') {
    const { port, burst, packetRate } = options;
    client.flood({ sessions: ids, target: crowd.target, port, burst, perSecond: packetRate });
  }
}

/** All inside addresses on the device, and the way to the target through it. */
function configureTun(tun: string, members: readonly Member[], target: string): void {
  const mtu = Math.min(...members.map(({ terms }) => terms.mtu));
  const lines = [
    `link set ${tun} up mtu ${Number.isFinite(mtu) ? mtu : 1400} txqueuelen 1000`,
    ...members.flatMap(({ terms }) =>
      terms.inside4 === undefined ? [] : [`addr add ${terms.inside4}/32 dev ${tun}`],
    ),
    ...members.flatMap(({ terms }) =>
      terms.inside6 === undefined ? [] : [`addr add ${terms.inside6}/128 dev ${tun} nodad`],
    ),
    ...(target === '' ? [] : [`route replace ${target} dev ${tun}`]),
  ];
  execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** That many, chosen at random, each once. */
function sample(ids: readonly number[], size: number): number[] {
  const pool = [...ids];
  return Array.from({ length: Math.min(size, pool.length) }, () => {
    const [one = 0] = pool.splice(Math.floor(Math.random() * pool.length), 1);
    return one;
  });
}

/** Ends early when the signal is given. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
