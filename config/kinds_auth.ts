// The steps of a login chain.
import { quote, wrongType } from './kind.ts';
import type { Kind } from './kind.ts';
import type { SelectableGroup } from '../core/ipc/messages.ts';
import { nearest } from './suggest.ts';

const STEPS = ['file', 'pam', 'ldap', 'radius', 'certificate', 'totp', 'oidc', 'saml', 'gssapi'];

/** The name of a step, "plugin:NAME" among them. */
export const stepName: Kind<string> = {
  name: 'step',
  expected: 'the name of a step',
  example: '"file"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(stepName, raw, say);
    if (STEPS.includes(raw) || /^plugin:[A-Za-z0-9_-]+$/.test(raw)) return raw;
    const near = nearest(raw, STEPS);
    const known = `known are ${STEPS.map(quote).join(', ')}`;
    return say(
      `${quote(raw)} is not a step of a login`,
      near === undefined ? known : `did you mean ${quote(near)}?`,
    );
  },
};

/** "staff", or "staff[All our people]" as in ocserv. */
export const selectableGroup: Kind<SelectableGroup> = {
  name: 'group',
  expected: 'the name of a group',
  example: '"staff[All our people]"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(selectableGroup, raw, say);
    const parts = /^([^[\]\p{Cc}]{1,64})(?:\[([^[\]\p{Cc}]{1,64})\])?$/u.exec(raw);
    const name = parts?.[1]?.trim() ?? '';
    if (name === '') {
      return say(`${quote(raw)} is not a group`, 'write "name" or "name[What people read]"');
    }
    return { name, label: parts?.[2]?.trim() ?? name };
  },
};

/** A file in /etc/pam.d. */
export const pamService: Kind<string> = {
  name: 'service',
  expected: 'the name of a PAM service',
  example: '"wolfguard"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(pamService, raw, say);
    if (/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/.test(raw)) return raw;
    return say(`${quote(raw)} is not the name of a PAM service`, 'a file name, without its folder');
  },
};
