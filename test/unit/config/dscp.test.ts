import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';

const load = (value: string) => loadConfig(`[policy]\ndscp = ${value}\n`, 'wolfguard.toml');

for (const [value, dscp] of [
  ['""', null],
  ['"ef"', 46],
  ['"af41"', 34],
  ['"default"', 0],
  ['"0x2e"', 46],
  ['"46"', 46],
  ['46', 46],
  ['0x2e', 46],
] as const)
  test(`dscp = ${value} is ${String(dscp)}`, () => {
    const result = load(value);
    assert.equal(result.ok && result.config.policy.dscp, dscp);
  });

for (const [value, wrong] of [
  ['"gold"', /wolfguard\.toml:2:\d+: policy\.dscp: "gold" is not a DSCP[^]*"af11" to "af43"/],
  ['65', /"65" is not a DSCP[^]*from 0 to 63/],
  // The whole byte, as ocserv has it.
  ['"0xb8"', /"0xb8" is not a DSCP[^]*as a whole TOS byte that is dscp = 46/],
  ['184', /as a whole TOS byte that is dscp = 46/],
  ['true', /expected a DSCP, found a boolean/],
] as const)
  test(`dscp = ${value} is refused with advice`, () => {
    const result = load(value);
    assert.match(result.ok ? '' : result.output, wrong);
  });
