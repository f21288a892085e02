// Versions, the TUN device, offloads and buffers: what the packet path stands on.
import type { TunOffload } from '../../core/ipc/messages.ts';
import type { Bytes } from '../../core/units.ts';
import { ok, problem, splitSentence, unchecked, warning } from './finding.ts';
import type { Finding } from './finding.ts';

export interface VersionFacts {
  /** As os.release() says it: "6.1.0-28-amd64". */
  readonly kernel: string;
  /** "26.10.0" */
  readonly node: string;
  /** network.nat */
  readonly nat: boolean;
}

/** package.json, engines. */
const LEAST_NODE = 26;

export function judgeVersions({ kernel, node, nat }: VersionFacts): Finding[] {
  const nodeWhat = `Node ${node}`;
  return [
    nat && isBefore(kernel, 5, 12)
      ? problem(
          'kernel',
          `Linux ${kernel} has no nftables tables with an owner, which network.nat needs`,
          'upgrade to Linux 5.12 or later, or set network.nat = false and masquerade by rules of your own',
        )
      : ok('kernel', `Linux ${kernel}`),
    Number.parseInt(node, 10) < LEAST_NODE
      ? problem(
          'node',
          `${nodeWhat} is too old`,
          `use Node ${LEAST_NODE} or later: npm ci brings it`,
        )
      : ok('node', nodeWhat),
  ];
}

function isBefore(kernel: string, major: number, minor: number): boolean {
  const [has = 0, hasMinor = 0] = kernel.split(/[.-]/).map(Number);
  return has < major || (has === major && hasMinor < minor);
}

export interface TunFacts {
  /** What came of opening one; 'forbidden' = not root, so nobody can say. */
  readonly device:
    | { readonly kind: 'opened'; readonly offload: TunOffload }
    | { readonly kind: 'failed'; readonly sentence: string }
    | { readonly kind: 'forbidden' };
  /** Words of the kernel against eBPF; null = not tried. */
  readonly steeringRefusals: readonly string[] | null;
  /** engine.tun_offload */
  readonly wantsOffload: boolean;
  readonly workers: number;
}

export function judgeTun({ device, ...facts }: TunFacts): Finding[] {
  if (device.kind === 'failed') {
    const { what, mend } = splitSentence(device.sentence);
    return [problem('tun', what, mend)];
  }
  if (device.kind === 'forbidden') {
    return [unchecked('tun', '/dev/net/tun is there; only root may make a device')];
  }
  return [
    ok('tun', 'a TUN device of several queues can be made'),
    judgeTunOffload(device.offload, facts.wantsOffload),
    judgeSteering(facts),
  ];
}

function judgeTunOffload(offload: TunOffload, wanted: boolean): Finding {
  if (!wanted) {
    return warning(
      'tun-offload',
      'TUN offload is switched off: packets pass one by one',
      'set engine.tun_offload = true',
    );
  }
  switch (offload) {
    case 'tcp-and-udp':
      return ok('tun-offload', 'TCP and UDP pass the TUN device in super-packets');
    case 'tcp':
      return warning(
        'tun-offload',
        'UDP passes the TUN device packet by packet: this kernel has TUN offload for TCP only',
        'upgrade to Linux 6.2 or later where datagrams inside matter (video, QUIC)',
      );
    case 'none':
      return warning(
        'tun-offload',
        'this kernel has no TUN offload: packets pass one by one',
        'use a kernel with TUN offload (in gVisor and the like there is none)',
      );
  }
}

function judgeSteering({ steeringRefusals, workers }: Omit<TunFacts, 'device'>): Finding {
  if (workers < 2) return ok('steering', 'one worker: there is nothing to steer');
  if (steeringRefusals === null) return unchecked('steering', 'eBPF has not been tried');
  if (steeringRefusals.length === 0) return ok('steering', 'eBPF steers packets to their workers');
  return warning(
    'steering',
    `the kernel does not let us steer packets by eBPF (${steeringRefusals.join('; ')}): workers forward to each other, which is slower`,
    'give the container CAP_BPF and CAP_NET_ADMIN (docker run --cap-add BPF --cap-add NET_ADMIN)',
  );
}

export interface UdpFacts {
  readonly offloads:
    { readonly segmentation: boolean; readonly receive: boolean } | { readonly failure: string };
  /** engine.udp_gso, engine.udp_gro */
  readonly wanted: { readonly segmentation: boolean; readonly receive: boolean };
  /** What a socket got of `wantedBytes`; null = it could not be opened. */
  readonly bufferBytes: Bytes | null;
  readonly wantedBytes: Bytes;
  readonly isRoot: boolean;
  /** engine.raise_buffers */
  readonly raisesBuffers: boolean;
  /** net.core.rmem_max and wmem_max may be written. */
  readonly canRaise: boolean;
}

export const judgeUdp = (facts: UdpFacts): Finding[] => [
  judgeUdpOffloads(facts),
  judgeBuffers(facts),
];

function judgeUdpOffloads({ offloads, wanted }: UdpFacts): Finding {
  const id = 'udp-offloads';
  if ('failure' in offloads) {
    return unchecked(
      id,
      `no datagram goes over loopback (${offloads.failure})`,
      'ip link set lo up',
    );
  }
  const off = [
    ...(wanted.segmentation ? [] : ['engine.udp_gso']),
    ...(wanted.receive ? [] : ['engine.udp_gro']),
  ];
  if (off.length > 0) {
    return warning(id, `switched off: ${off.join(', ')}`, `set ${off.join(' and ')} = true`);
  }
  const missing = [
    ...(offloads.segmentation ? [] : ['UDP_SEGMENT']),
    ...(offloads.receive ? [] : ['UDP_GRO']),
  ];
  if (missing.length === 0) return ok(id, 'datagrams leave and arrive in trains');
  return warning(
    id,
    `this kernel has no ${missing.join(' and no ')}: a system call for each datagram`,
    'upgrade to Linux 5.0 or later',
  );
}

function judgeBuffers({ bufferBytes, wantedBytes, ...facts }: UdpFacts): Finding {
  const id = 'socket-buffers';
  if (bufferBytes === null) return unchecked(id, 'no UDP socket could be opened');
  if (bufferBytes >= wantedBytes) return ok(id, `a UDP socket holds ${wantedBytes} bytes each way`);
  const command = `sysctl -w net.core.rmem_max=${wantedBytes} net.core.wmem_max=${wantedBytes}`;
  if (!facts.isRoot) {
    return unchecked(id, `others than root get ${bufferBytes} bytes; the server asks for more`);
  }
  if (facts.raisesBuffers && facts.canRaise) {
    return ok(
      id,
      `a UDP socket holds ${bufferBytes} bytes; the server raises the bound at its start`,
    );
  }
  return warning(
    id,
    `a UDP socket holds ${bufferBytes} bytes each way and will lose packets under load`,
    command,
  );
}
