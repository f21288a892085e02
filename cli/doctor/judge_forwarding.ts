// Whether the kernel passes packets on between the tunnel and the rest, both ways.
import type { Family } from '../../core/net/address.ts';
import { ok, problem, warning } from './finding.ts';
import type { CheckId, Finding } from './finding.ts';

export interface DeviceSettings {
  readonly name: string;
  /** net.ipv4.conf.NAME.forwarding; undefined = the kernel does not say. */
  readonly forwarding4: number | undefined;
  /** net.ipv6.conf.NAME.force_forwarding (Linux 6.17). */
  readonly forwarding6: number | undefined;
  readonly acceptRa: number | undefined;
  readonly rpFilter: number | undefined;
}

export interface ForwardingFacts {
  /** network.device */
  readonly device: string;
  /** network.forwarding */
  readonly wanted: boolean;
  /** Of the pools. */
  readonly families: readonly Family[];
  /** Some server has the TUN device up, so that everything should be in place. */
  readonly running: boolean;
  /** net.ipv4.ip_forward and net.ipv6.conf.all.forwarding */
  readonly forAll: Readonly<Record<Family, number | undefined>>;
  /** /proc/sys/net may be written, as far as this user can tell. */
  readonly writable: boolean;
  readonly devices: readonly DeviceSettings[];
  /** The devices of the default routes. */
  readonly uplinks: Readonly<Record<Family, readonly string[]>>;
  /** net.ipv4.conf.all.rp_filter; the larger of this and the device's counts. */
  readonly rpFilterForAll: number | undefined;
}

export const judgeForwarding = (facts: ForwardingFacts): Finding[] => [
  ...([4, 6] as const)
    .filter((family) => facts.families.includes(family))
    .map((family) => judgeFamily(family, facts)),
  ...judgeAdvertisements(facts),
  ...judgeReversePath(facts),
];

const SWITCHES = { 4: 'net.ipv4.ip_forward', 6: 'net.ipv6.conf.all.forwarding' } as const;
const IDS = { 4: 'forwarding-ipv4', 6: 'forwarding-ipv6' } as const satisfies Record<
  Family,
  CheckId
>;

function judgeFamily(family: Family, facts: ForwardingFacts): Finding {
  const { wanted, running, writable, device } = facts;
  const id = IDS[family];
  const command = `sysctl -w ${SWITCHES[family]}=1`;
  const off = [device, ...facts.uplinks[family]].filter((name) => !forwards(name, family, facts));
  const name = `IPv${family}`;
  if (off.length === 0) return ok(id, `${name} is forwarded`);
  if (running) {
    const what = `${name} is not forwarded on ${off.join(' and ')}, though a server is running`;
    return problem(id, what, command);
  }
  if (!wanted) {
    const what = `${name} is not forwarded and network.forwarding is off: clients reach this machine only`;
    return problem(id, what, `set network.forwarding = true, or ${command}`);
  }
  if (writable) return ok(id, `${name}: the server turns forwarding on at its start`);
  const what = `${name} is not forwarded, and /proc/sys is read-only here`;
  return problem(id, what, `${command} on the host (docker run --sysctl ${SWITCHES[family]}=1)`);
}

/** A device that is still to come is as the switch for all says. */
function forwards(name: string, family: Family, { forAll, devices }: ForwardingFacts): boolean {
  const settings = devices.find((candidate) => candidate.name === name);
  if (family === 4) return (settings?.forwarding4 ?? forAll[4]) === 1;
  return forAll[6] === 1 || settings?.forwarding6 === 1;
}

/** A router does not learn its own default route, unless accept_ra is 2. */
function judgeAdvertisements({
  families,
  forAll,
  devices,
  uplinks,
  device,
}: ForwardingFacts): Finding[] {
  if (!families.includes(6) || forAll[6] !== 1) return [];
  const deaf = devices.filter(
    ({ name, acceptRa }) =>
      acceptRa === 1 &&
      !['all', 'default', 'lo', device].includes(name) &&
      uplinks[4].includes(name),
  );
  if (deaf.length === 0) {
    return [ok('router-advertisements', 'nothing that forwards waits for router advertisements')];
  }
  return deaf.map(({ name }) =>
    warning(
      'router-advertisements',
      uplinks[6].includes(name)
        ? `${name} forwards IPv6 and hears no router advertisements: a route that it has learnt will end`
        : `${name} forwards IPv6 and so hears no router advertisements; it has no IPv6 default route`,
      `sysctl -w ${settingName(`net.ipv6.conf.${name}.accept_ra`, name)}=2`,
    ),
  );
}

const STRICT = 1;

/** Strict is right where what leaves by a device also comes back by it. */
function judgeReversePath({
  families,
  devices,
  uplinks,
  rpFilterForAll = 0,
}: ForwardingFacts): Finding[] {
  if (!families.includes(4)) return [];
  const strict = devices
    .filter(({ name }) => uplinks[4].includes(name))
    .filter(({ rpFilter = 0 }) => Math.max(rpFilter, rpFilterForAll) === STRICT)
    .map(({ name }) => name);
  if (strict.length === 0) return [ok('rp-filter', 'no strict reverse path filter on the uplinks')];
  if (uplinks[4].length < 2) {
    return [ok('rp-filter', `strict on ${strict.join(', ')}, which does no harm with one uplink`)];
  }
  const keys = strict.map((name) => `${settingName(`net.ipv4.conf.${name}.rp_filter`, name)}=2`);
  return [
    warning(
      'rp-filter',
      `strict on ${strict.join(', ')} beside other uplinks: what comes back another way is dropped`,
      `sysctl -w ${keys.join(' ')}`,
    ),
  ];
}

/** sysctl(8) takes slashes where an interface has a dot in its name. */
const settingName = (key: string, device: string): string =>
  device.includes('.') ? key.replace(device, '\0').replaceAll('.', '/').replace('\0', device) : key;
