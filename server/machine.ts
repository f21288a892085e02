// What the server sets up on the machine around its processes: sockets, TUN device, kernel
// settings, NAT. Each step is taken back when the server stops.
import type { Config } from '../config/schema.ts';
import type { Logger } from '../core/log/logger.ts';
import { system } from '../native/system.ts';
import { openFirewall } from './firewall.ts';
import type { Firewall } from './firewall.ts';
import { openInside } from './inside.ts';
import type { Inside } from './inside.ts';
import { openListeners } from './listeners.ts';
import type { Listeners } from './listeners.ts';
import type { PassedSockets } from './passed_sockets.ts';
import { makeFolders } from './preflight.ts';
import type { Sequence } from './sequence.ts';
import { growSocketBuffers } from './socket_buffers.ts';
import { openSteering } from './steering.ts';
import type { Steering } from './steering.ts';
import { poolsOf } from './pools.ts';
import { openForwarding, raiseMailboxQueue } from './sysctl.ts';
import type { ChangedSettings } from './sysctl.ts';

export interface Machine {
  readonly inside: Inside;
  readonly listeners: Listeners;
  readonly steering: Steering;
}

export interface MachineOptions {
  /** For how many processes. */
  readonly workers: number;
  readonly passed: PassedSockets;
}

/** Throws WolfguardError. */
export async function setUpMachine(
  sequence: Sequence,
  config: Config,
  { workers, passed }: MachineOptions,
  logger: Logger,
): Promise<Machine> {
  await sequence.step('folders', () => makeFolders(config));
  await sequence.step('mailbox queue', () =>
    warnEach('machine.mailbox_queue', raiseMailboxQueue(), logger),
  );
  const inside = await sequence.step(
    'inside',
    () => openInside(config, workers, { system: system(), logger }),
    (made) => made.close(),
  );
  if (config.engine.tun_offload && inside.offload === 'none') {
    logger.warn(
      { event: 'machine.no_tun_offload' },
      'this kernel has no TUN offload: packets pass one by one (engine.tun_offload)',
    );
  } else if (inside.offload === 'tcp') {
    logger.info(
      { event: 'machine.no_udp_offload' },
      'this kernel has no TUN offload for UDP (Linux 6.2): datagrams pass one by one',
    );
  }
  const listeners = await sequence.step(
    'listeners',
    () => openListeners(config, workers, system(), passed),
    (made) => made.close(),
  );
  await sequence.step('socket buffers', () =>
    growSocketBuffers(
      { system: system(), logger },
      listeners.workers.flatMap(({ udp }) => udp),
      config.engine.raise_buffers,
    ),
  );
  const steering = await sequence.step(
    'steering',
    () => openSteering({ inside, listeners, system: system(), logger }),
    (made) => made.close(),
  );
  await sequence.step(
    'forwarding',
    () => turnForwardingOn(config, logger),
    (made) => made?.close(),
  );
  await sequence.step(
    'firewall',
    () => turnNatOn(config, logger),
    (made) => made?.close(),
  );
  const first = system().hasAesHardware() ? 'AES-GCM' : 'ChaCha20-Poly1305';
  logger.info({ event: 'machine.ciphers', first }, 'cipher suites are ordered for this CPU');
  return { inside, listeners, steering };
}

function turnForwardingOn(config: Config, logger: Logger): ChangedSettings | undefined {
  const { device, forwarding } = config.network;
  if (!forwarding) return undefined;
  const families = new Set(poolsOf(config).map(({ address }) => address.family));
  const settings = openForwarding({ device, ipv4: families.has(4), ipv6: families.has(6) });
  warnEach('network.forwarding', settings.warnings, logger);
  return settings;
}

async function turnNatOn(config: Config, logger: Logger): Promise<Firewall | undefined> {
  const { device, nat } = config.network;
  if (!nat) return undefined;
  return openFirewall({
    device,
    onLost: (message) =>
      logger.error(
        { event: 'network.nat_lost', reason: message },
        'clients reach nothing outside: restart',
      ),
  });
}

function warnEach(
  event: 'machine.mailbox_queue' | 'network.forwarding',
  warnings: readonly string[],
  logger: Logger,
): void {
  for (const warning of warnings) logger.warn({ event }, warning);
}
