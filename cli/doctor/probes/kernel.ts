// Asks the kernel by doing: a TUN device under a name of our own, a train over loopback.
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Config } from '../../../config/schema.ts';
import { WolfguardError } from '../../../core/error.ts';
import { system, tunError } from '../../../native/system.ts';
import type { System, TunDevice } from '../../../native/system.ts';
import { requireTun } from '../../../server/preflight.ts';
import { UDP_BUFFER_BYTES } from '../../../server/socket_buffers.ts';
import { settingFile } from '../../../server/sysctl.ts';
import type { TunFacts, UdpFacts, VersionFacts } from '../judge_kernel.ts';
import { isRoot, isWritable } from './programs.ts';

export const probeVersions = ({ network }: Config): VersionFacts => ({
  kernel: os.release(),
  node: process.versions.node,
  nat: network.nat,
});

/** `running`: the device of the configuration is the server's own. */
export function probeTun(config: Config, workers: number, running: boolean): TunFacts {
  const wanted = config.engine.tun_offload;
  const facts = { steeringRefusals: null, wantsOffload: wanted, workers };
  const { device } = config.network;
  try {
    requireTun();
    if (!isRoot()) return { ...facts, device: { kind: 'forbidden' } };
    if (!running && existsSync(path.join('/sys/class/net', device))) {
      throw tunError({ code: 'EBUSY' }, device);
    }
    const opened = openForATry(system(), wanted);
    const steeringRefusals = trySteering(system(), opened.queues, config.listen.udp.length > 0);
    for (const fd of opened.queues) system().closeFd(fd);
    return { ...facts, steeringRefusals, device: { kind: 'opened', offload: opened.offload } };
  } catch (error) {
    if (!(error instanceof WolfguardError)) throw error;
    return { ...facts, device: { kind: 'failed', sentence: error.message } };
  }
}

function openForATry(native: System, offload: boolean): TunDevice {
  const name = `wgtry${process.pid}`;
  try {
    return native.openTun(name, 2, offload);
  } catch (error) {
    const isOffload = (error as { syscall?: string }).syscall === 'TUNSETOFFLOAD';
    if (offload && isOffload) return openForATry(native, false);
    throw tunError(error, name);
  }
}

/** The words of the kernel; none = both programs were taken. */
function trySteering(native: System, queues: readonly number[], udp: boolean): string[] {
  const attempt = (open: () => number): string[] => {
    try {
      native.closeFd(open());
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  };
  return [
    ...attempt(() => native.steerInside(queues[0] ?? -1, SOME_ADDRESSES)),
    ...(udp
      ? attempt(() => {
          const socket = native.bindUdp('127.0.0.1', 0, UDP_BUFFER_BYTES);
          try {
            return native.steerOutside([[socket]], SOME_ADDRESSES);
          } finally {
            native.closeFd(socket);
          }
        })
      : []),
  ];
}

const SOME_ADDRESSES = 16;

export function probeUdp({ engine }: Config): UdpFacts {
  const native = system();
  return {
    offloads: probeOffloads(native),
    wanted: { segmentation: engine.udp_gso, receive: engine.udp_gro },
    bufferBytes: probeBuffer(native),
    wantedBytes: UDP_BUFFER_BYTES,
    isRoot: isRoot(),
    raisesBuffers: engine.raise_buffers,
    canRaise: isWritable(settingFile('net.core.rmem_max')),
  };
}

function probeOffloads(native: System): UdpFacts['offloads'] {
  try {
    return native.probeUdpOffloads();
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

function probeBuffer(native: System): number | null {
  try {
    const socket = native.bindUdp('127.0.0.1', 0, UDP_BUFFER_BYTES);
    const bytes = native.growBuffers(socket, UDP_BUFFER_BYTES);
    native.closeFd(socket);
    return bytes;
  } catch {
    return null;
  }
}
