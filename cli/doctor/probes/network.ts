// Reads /proc/sys, the routes and the rulesets.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { policyLayers } from '../../../config/policy_layers.ts';
import type { Config } from '../../../config/schema.ts';
import { nftMissing, nftRefused, renderTable, tableName } from '../../../server/firewall.ts';
import { poolsOf } from '../../../server/pools.ts';
import { findPoolClashes } from '../../../server/preflight.ts';
import { settingFile } from '../../../server/sysctl.ts';
import { isPrivate } from '../../quick_start_network.ts';
import type { FirewallFacts } from '../judge_firewall.ts';
import type { DeviceSettings, ForwardingFacts } from '../judge_forwarding.ts';
import type { NatFacts } from '../judge_nat.ts';
import type { PoolFacts } from '../judge_pools.ts';
import { parseRoutes4, parseRoutes6, uplinksOf } from '../proc_net.ts';
import type { Route } from '../proc_net.ts';
import { parseRuleset } from '../ruleset.ts';
import type { Ruleset } from '../ruleset.ts';
import { isRoot, isWritable, readQuietly, runProgram } from './programs.ts';

export interface NetworkFacts {
  readonly forwarding: ForwardingFacts;
  readonly firewall: FirewallFacts;
  readonly nat: NatFacts;
  readonly pools: PoolFacts;
}

/** `running`: a server has the device of this configuration. */
export function probeNetwork(config: Config, running: boolean): NetworkFacts {
  const { device } = config.network;
  const routes = [
    ...parseRoutes4(readQuietly('/proc/net/route')),
    ...parseRoutes6(readQuietly('/proc/net/ipv6_route')),
  ];
  const ruleset = isRoot()
    ? parseRuleset(runProgram('nft', ['-j', 'list', 'ruleset']).stdout)
    : null;
  return {
    forwarding: probeForwarding(config, routes, running),
    firewall: { device, pools: poolsOf(config), ruleset, legacy: probeLegacy() },
    nat: probeNat(config, ruleset, running),
    pools: { device, pools: poolsOf(config), routes, clashes: findPoolClashes(config) },
  };
}

function probeForwarding(
  config: Config,
  routes: readonly Route[],
  running: boolean,
): ForwardingFacts {
  const forAll = {
    4: readSetting('net.ipv4.ip_forward'),
    6: readSetting('net.ipv6.conf.all.forwarding'),
  };
  return {
    device: config.network.device,
    wanted: config.network.forwarding,
    families: [...new Set(poolsOf(config).map(({ address }) => address.family))],
    running,
    forAll,
    // Others than root may not write it, whatever the server may.
    writable: !isRoot() || isWritable(settingFile('net.ipv4.ip_forward')),
    devices: namesIn(path.dirname(path.dirname(settingFile('net.ipv4.conf.all.forwarding')))).map(
      readDevice,
    ),
    uplinks: { 4: uplinksOf(routes, 4), 6: uplinksOf(routes, 6) },
    rpFilterForAll: readSetting('net.ipv4.conf.all.rp_filter'),
  };
}

const readDevice = (name: string): DeviceSettings => ({
  name,
  forwarding4: readSetting(`net.ipv4.conf.${name}.forwarding`),
  forwarding6: readSetting(`net.ipv6.conf.${name}.force_forwarding`),
  acceptRa: readSetting(`net.ipv6.conf.${name}.accept_ra`),
  rpFilter: readSetting(`net.ipv4.conf.${name}.rp_filter`),
});

function readSetting(key: string): number | undefined {
  const text = readQuietly(settingFile(key)).trim();
  return text === '' ? undefined : Number(text);
}

/** Asking iptables-legacy would load its tables: so only where they are in use. */
function probeLegacy(): FirewallFacts['legacy'] {
  const used = [
    { program: 'iptables-legacy', family: 4, tables: '/proc/net/ip_tables_names' },
    { program: 'ip6tables-legacy', family: 6, tables: '/proc/net/ip6_tables_names' },
  ] as const;
  return used.flatMap(({ program, family, tables }) => {
    if (!readQuietly(tables).split('\n').includes('filter')) return [];
    const { code, stdout } = runProgram(program, ['-S']);
    return code === 0 ? [{ program, family, rules: stdout }] : [];
  });
}

function probeNat(config: Config, ruleset: Ruleset | null, running: boolean): NatFacts {
  const { device, nat } = config.network;
  return {
    wanted: nat,
    clientsLeave:
      policyLayers(config).some(({ policy }) => policy.routes?.length === 0) &&
      poolsOf(config).some(({ address }) => isPrivate(address)),
    running,
    table: tableName(device),
    ruleset,
    trial: nat && !running ? tryTable(device, ruleset) : { kind: 'not-tried' },
  };
}

/** nft asks the kernel about the table, and takes it back before it counts. */
function tryTable(device: string, ruleset: Ruleset | null): NatFacts['trial'] {
  if (runProgram('nft', ['--version']).code === null) {
    return { kind: 'failed', sentence: nftMissing().message };
  }
  if (!isRoot()) return { kind: 'not-tried' };
  const isThere = ruleset?.tables.includes(`inet ${tableName(device)}`) === true;
  const { code, stderr } = runProgram(
    'nft',
    ['--check', '--file', '-'],
    `${renderTable({ device })}\n`,
  );
  if (code === 0 && !isThere) return { kind: 'works' };
  return { kind: 'failed', sentence: nftRefused(stderr, isThere, device).message };
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
