// From a configuration file to findings: every probe is asked, every judge heard.
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { examineFile } from '../../config/check.ts';
import { loadConfig } from '../../config/loader.ts';
import type { Config } from '../../config/schema.ts';
import { WolfguardError } from '../../core/error.ts';
import type { EpochMs } from '../../core/units.ts';
import { system } from '../../native/system.ts';
import { descriptorLimit } from '../../server/descriptors.ts';
import { askServer } from '../wolfctl/client.ts';
import { problem, splitSentence, unchecked } from './finding.ts';
import type { Finding } from './finding.ts';
import { judgeCertificates } from './judge_certificates.ts';
import { judgeClock } from './judge_clock.ts';
import { judgeSecrets, judgeState } from './judge_files.ts';
import { judgeForwardFirewall } from './judge_firewall.ts';
import { judgeForwarding } from './judge_forwarding.ts';
import { judgeTun, judgeUdp, judgeVersions } from './judge_kernel.ts';
import { judgeNat } from './judge_nat.ts';
import { judgePools } from './judge_pools.ts';
import { judgeConfiguration, judgeDescriptors, judgePorts, judgeServer } from './judge_server.ts';
import type { DescriptorFacts, ServerFacts } from './judge_server.ts';
import { probeCertificates, probeSecrets, probeState } from './probes/files.ts';
import { probeTun, probeUdp, probeVersions } from './probes/kernel.ts';
import { probeNetwork } from './probes/network.ts';
import { probePorts } from './probes/ports.ts';
import { isRoot, readQuietly } from './probes/programs.ts';

export interface DiagnoseOptions {
  readonly configPath: string;
  /** Of this program. */
  readonly version: string;
  readonly now: EpochMs;
}

/** Looks and tries, changes nothing that stays. */
export async function diagnose({ configPath, version, now }: DiagnoseOptions): Promise<Finding[]> {
  const { config, isSound, findings } = examine(configPath, now);
  const status = await askStatus(config.admin.socket);
  const running = status !== null;
  const workers = config.workers.count === 0 ? os.availableParallelism() : config.workers.count;
  const network = probeNetwork(config, running);
  return [
    ...findings,
    ...judgeServer({ status, version }),
    ...judgeVersions(probeVersions(config)),
    ...judgeTun(probeTun(config, workers, running)),
    ...judgeUdp(probeUdp(config)),
    ...judgePorts(probePorts(config, status)),
    ...judgeDescriptors(probeDescriptors(config, workers, status)),
    ...judgeForwarding(network.forwarding),
    ...judgeForwardFirewall(network.firewall),
    ...judgeNat(network.nat),
    ...judgePools(network.pools),
    ...(isSound ? checkCertificates(config, findings, now) : checkClock(config, [], now)),
    ...judgeState(probeState(config)),
    ...judgeSecrets(probeSecrets(config, configPath)),
  ];
}

interface Examined {
  readonly config: Config;
  /** false: these are the defaults. */
  readonly isSound: boolean;
  readonly findings: readonly Finding[];
}

function examine(configPath: string, now: EpochMs): Examined {
  const file = examineFile(configPath, undefined, now);
  const findings = judgeConfiguration({
    path: configPath,
    state: file.ok
      ? { kind: 'read', problems: file.problems }
      : { kind: 'unreadable', reason: file.output },
  });
  if (file.ok && file.config !== undefined) return { config: file.config, isSound: true, findings };
  const defaults = loadConfig('', configPath);
  if (!defaults.ok) throw new Error(defaults.output);
  const rest = unchecked(
    'configuration',
    'all the rest is checked as if every key had its default',
    'correct the file first',
  );
  return { config: defaults.config, isSound: false, findings: [...findings, rest] };
}

async function askStatus(socket: string): Promise<ServerFacts['status']> {
  try {
    return await askServer<'status'>(socket, { command: 'status' });
  } catch (error) {
    if (!(error instanceof WolfguardError)) throw error;
    return error.code === 'NO_PERMISSION' || error.code === 'NO_ANSWER' ? 'forbidden' : null;
  }
}

function probeDescriptors(
  { limits }: Config,
  workers: number,
  status: ServerFacts['status'],
): DescriptorFacts {
  const worker =
    status === null || status === 'forbidden'
      ? undefined
      : status.workerPids.find((pid) => pid !== null);
  const text = worker === undefined ? undefined : readQuietly(`/proc/${worker}/limits`);
  return {
    limit: descriptorLimit(text),
    running: text !== undefined,
    workers,
    maxClients: limits.max_clients,
  };
}

/** And the clock, whose errors show first in them. */
function checkCertificates(
  config: Config,
  known: readonly Finding[],
  now: EpochMs,
): readonly Finding[] {
  const probe = probeCertificates(config, now);
  if (probe.kind === 'read') {
    const begun = probe.facts.terms.map(({ from }) => from);
    return [...judgeCertificates(probe.facts), ...checkClock(config, begun, now)];
  }
  const isKnown = known.some(({ id, level }) => id === 'certificate' && level !== 'ok');
  const { what, mend } = splitSentence(probe.sentence);
  const failure = isRoot() ? problem('certificate', what, mend) : unchecked('certificate', what);
  return [...(isKnown ? [] : [failure]), ...checkClock(config, [], now)];
}

const checkClock = (config: Config, notBefore: readonly EpochMs[], now: EpochMs): Finding[] =>
  judgeClock({
    now,
    synchronised: system().isClockSynchronised(),
    notBefore,
    usesTotp: [config, ...config.vhost].some(({ auth }) =>
      auth.chain.some(({ steps }) => steps.includes('totp')),
    ),
  });

/** The usual file, or that of the quick start in this folder where only that is there. */
export function usualConfigPath(installed: string, quickStartState: string): string {
  const quickStart = path.join(path.resolve(quickStartState), 'wolfguard.toml');
  return !existsSync(installed) && existsSync(quickStart) ? quickStart : installed;
}
