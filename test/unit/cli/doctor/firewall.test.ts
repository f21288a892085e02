// What doctor thinks of firewalls: rulesets that nft has taken and printed, in a namespace.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { judgeForwardFirewall } from '../../../../cli/doctor/judge_firewall.ts';
import type { FirewallFacts } from '../../../../cli/doctor/judge_firewall.ts';
import { judgeNat } from '../../../../cli/doctor/judge_nat.ts';
import type { NatFacts } from '../../../../cli/doctor/judge_nat.ts';
import { parseRuleset } from '../../../../cli/doctor/ruleset.ts';
import { parseCidr } from '../../../../core/net/address.ts';
import { needsRoot } from '../../native/fixtures/as_root.ts';

const POOL = parseCidr('10.77.0.0/16')?.network ?? assert.fail();

void suite('rulesets of nft', needsRoot, () => {
  test('a container engine that drops what it does not know is told how to let us through', () => {
    const docker = (user: string) => `table ip filter {
      chain DOCKER-USER { ${user} }
      chain FORWARD { type filter hook forward priority filter; policy drop;
        counter jump DOCKER-USER; oifname "docker0" ct state related,established counter accept; }
    }`;
    assert.equal(
      judge(docker('')),
      'problem: forwarded packets are dropped in nftables chain ip filter FORWARD, and no rule there speaks of wolf0: clients reach this machine only → iptables -I DOCKER-USER -i wolf0 -j ACCEPT && iptables -I DOCKER-USER -o wolf0 -j ACCEPT',
    );
    const mended = 'iifname "wolf0" counter accept; oifname "wolf0" counter accept;';
    assert.match(judge(docker(mended)), /^ok/);
  });

  test('rules that are for our clients are seen, whatever they ask for', () => {
    for (const rule of [
      'iifname "wolf*" accept',
      'iifname { "eth0", "wolf0" } accept',
      'ip saddr 10.0.0.0/8 accept',
      'ip daddr { 10.77.0.0/24, 192.0.2.1 } accept',
      'counter accept',
    ]) {
      assert.match(judge(forwardChain(`${rule};`)), /^ok/, rule);
    }
  });

  test('rules for others, and those that drop, do not count', () => {
    for (const rule of [
      'iifname "eth0" accept',
      'iifname != "wolf0" accept',
      'iifname "wolf0" drop',
      'ip saddr 192.168.0.0/16 accept',
      'ct state established,related accept',
    ]) {
      assert.match(judge(forwardChain(`${rule};`)), /^problem/, rule);
    }
  });

  test('a chain whose last rule takes no exceptions is as strict as its policy could be', () => {
    const last = (rule: string) =>
      `table inet f { chain c { type filter hook forward priority 0; ct state established accept; ${rule}; }; }`;
    assert.match(
      judge(last('reject')),
      /^problem: .* → nft "insert rule inet f c iifname wolf0 accept; /,
    );
    assert.match(judge(last('counter drop')), /^problem/);
    assert.match(judge(last('ip saddr 192.0.2.1 drop')), /^ok/);
  });

  test('a firewall for a family without a pool, or of a bridge, is no concern of ours', () => {
    const strict = (family: string) =>
      `table ${family} f { chain c { type filter hook forward priority 0; policy drop; }; }`;
    assert.match(judge(strict('ip')), /^problem/);
    assert.match(judge(strict('inet')), /^problem/);
    assert.match(judge(strict('ip6')), /^ok/);
    assert.match(judge(strict('bridge')), /^ok/);
  });

  test('ufw and firewalld are told in their own words', () => {
    const ufw =
      'table ip filter { chain ufw-before-forward { }; chain FORWARD { type filter hook forward priority 0; policy drop; jump ufw-before-forward; }; }';
    assert.match(judge(ufw), /→ ufw route allow in on wolf0 && ufw route allow out on wolf0$/);
    const firewalld =
      'table inet firewalld { chain filter_FORWARD { type filter hook forward priority 10; reject with icmpx admin-prohibited; }; }';
    assert.match(
      judge(firewalld),
      /→ firewall-cmd --permanent --zone=trusted --add-interface=wolf0 /,
    );
  });

  test('where nothing masquerades, private addresses that leave are a warning', () => {
    const facts = nat({ wanted: false, clientsLeave: true });
    assert.match(
      sayNat({ ...facts, ruleset: listed('table ip t { }') }),
      /^warning: .*network\.nat = true/,
    );
    const other = 'table ip t { chain c { type nat hook postrouting priority 100; masquerade; }; }';
    assert.match(sayNat({ ...facts, ruleset: listed(other) }), /^ok/);
    assert.match(sayNat(facts), /^ok/);
  });

  test('a server that runs without its table has to be restarted', () => {
    const facts = nat({ running: true });
    assert.match(
      sayNat({ ...facts, ruleset: listed('table inet t { }') }),
      /^problem: .*gone → restart/,
    );
    assert.match(sayNat({ ...facts, ruleset: listed('table inet wolfguard_wolf0 { }') }), /^ok/);
    assert.match(sayNat(facts), /^unchecked/);
  });
});

test('rules of iptables-legacy are seen beside those of nft', () => {
  const legacy = (rules: string) =>
    say({ ruleset: null, legacy: [{ program: 'iptables-legacy', family: 4, rules }] });
  assert.match(
    legacy('-P FORWARD DROP\n-N DOCKER-USER\n-A FORWARD -j DOCKER-USER\n'),
    /^problem: .*FORWARD of iptables-legacy, .* → iptables-legacy -I DOCKER-USER -i wolf0 -j ACCEPT/,
  );
  assert.match(legacy('-P FORWARD DROP\n-A FORWARD -i wolf0 -j ACCEPT\n'), /^unchecked/);
  assert.match(legacy('-P FORWARD ACCEPT\n'), /^unchecked/);
});

test('what is no ruleset is none', () => {
  for (const text of ['', '[]', '{"nftables":3}', 'Error: …'])
    assert.equal(parseRuleset(text), null);
});

const forwardChain = (rules: string): string =>
  `table inet f { chain c { type filter hook forward priority 0; policy drop; ${rules} }; }`;

const judge = (rules: string): string => say({ ruleset: listed(rules), legacy: [] });

/** As nft prints it after taking these rules. */
function listed(rules: string): FirewallFacts['ruleset'] {
  const text = execFileSync('unshare', ['-n', 'sh', '-c', 'nft -f - && nft -j list ruleset'], {
    input: rules,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return parseRuleset(text) ?? assert.fail(text);
}

const say = (facts: Pick<FirewallFacts, 'ruleset' | 'legacy'>): string =>
  judgeForwardFirewall({ device: 'wolf0', pools: [POOL], ...facts })
    .map(({ level, what, mend }) => `${level}: ${what} → ${mend ?? ''}`)
    .join('\n');

const sayNat = (facts: NatFacts): string =>
  judgeNat(facts)
    .map(({ level, what, mend }) => `${level}: ${what} → ${mend ?? ''}`)
    .join('\n');

const nat = (changes: Partial<NatFacts>): NatFacts => ({
  wanted: true,
  clientsLeave: false,
  running: false,
  table: 'wolfguard_wolf0',
  ruleset: null,
  trial: { kind: 'not-tried' },
  ...changes,
});
