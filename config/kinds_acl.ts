// The kind of the rules in policy.allow and policy.deny.
import { parseAclRule } from '../core/policy/acl_rule.ts';
import type { AclRule } from '../core/policy/acl_rule.ts';
import { wrongType } from './kind.ts';
import type { Kind } from './kind.ts';

/** "[PROTOCOL[:PORTS]] [NETWORK]", where a packet goes: see core/policy/acl_rule.ts. */
export const aclRule: Kind<AclRule> = {
  name: 'rule',
  expected: 'a rule',
  example: '"tcp:22 10.0.0.0/8"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(aclRule, raw, say);
    const rule = parseAclRule(raw);
    return 'mistake' in rule ? say(rule.mistake, rule.hint) : rule;
  },
};
