// What names a directory, the people in it and the questions that are put to it.
import type { LdapServerAddress } from '../core/ipc/auth.ts';
import { MISTAKE, quote, wrongType } from './kind.ts';
import type { Kind, Say } from './kind.ts';
import { text } from './kinds.ts';

/** "ldaps://host", several separated by blanks, or "" for none. */
export const ldapUrls: Kind<readonly LdapServerAddress[]> = {
  name: 'LDAP URLs',
  expected: 'LDAP URLs in quotes',
  example: '"ldaps://ldap1.example.com ldaps://ldap2.example.com"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(ldapUrls, raw, say);
    const urls = raw.split(' ').filter((url) => url !== '');
    const servers = urls.map((url) => parseUrl(url, say));
    const sound = servers.filter((server) => server !== MISTAKE);
    if (sound.length < servers.length) return MISTAKE;
    const twice = urls.find((url, index) => urls.indexOf(url) !== index);
    return twice === undefined ? sound : say(`${quote(twice)} is listed twice`);
  },
};

function parseUrl(url: string, say: Say) {
  const match = /^(ldaps?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/i.exec(url);
  const [, scheme = '', host = '', portText] = match ?? [];
  if (match === null) {
    const hint =
      url.includes('://') && !/^ldaps?:/i.test(url)
        ? 'directories are asked over ldaps:// or ldap:// only'
        : 'for example "ldaps://ldap.example.com", with ":port" where it is not the usual one';
    return say(`${quote(url)} is not the URL of a directory`, hint);
  }
  const secure = scheme.toLowerCase() === 'ldaps';
  const port = portText === undefined ? (secure ? 636 : 389) : Number(portText);
  if (port < 1 || port > 65535) return say(`port ${port} is not between 1 and 65535`);
  return { secure, host: host.replace(/^\[|\]$/g, ''), port };
}

/** A distinguished name, or "". */
export const dn: Kind<string> = nameWith(
  /=/,
  'is not a distinguished name',
  '"ou=people,dc=example,dc=com"',
);

/** Whom to bind as: a distinguished name, or what Active Directory takes instead; or "". */
export const bindName: Kind<string> = nameWith(
  /[=@\\]/,
  'is not a name to bind as',
  '"cn=vpn,ou=services,dc=example,dc=com"',
);

/** A filter [rfc4515] in which these words, in braces, stand for values; one of them at least. */
export function ldapFilter(...words: readonly ('user' | 'dn')[]): Kind<string> {
  const plain = text({
    nonEmpty: true,
    example: words.includes('dn') ? '"(member={dn})"' : '"(uid={user})"',
  });
  const known = words.map((word) => `{${word}}`);
  return {
    ...plain,
    name: 'LDAP filter',
    parse: (raw, say) => {
      const filter = plain.parse(raw, say);
      if (filter === MISTAKE) return MISTAKE;
      if (!isFilter(filter)) {
        return say(`${quote(filter)} is not an LDAP filter`, `for example ${plain.example}`);
      }
      const strange = filter.match(/\{\w*\}/g)?.find((word) => !known.includes(word));
      const expected = `expected ${known.join(' or ')}`;
      if (strange !== undefined) return say(`${quote(strange)} stands for nothing here`, expected);
      return known.some((word) => filter.includes(word))
        ? filter
        : say('the filter would find the same for everybody', expected);
    },
  };
}

/** The name of an attribute. */
export const attributeName: Kind<string> = {
  ...text({ example: '"cn"' }),
  name: 'attribute',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(attributeName, raw, say);
    return /^[a-z][a-z0-9-]*$/i.test(raw)
      ? raw
      : say(`${quote(raw)} is not the name of an attribute`, 'for example "cn"');
  },
};

function nameWith(needed: RegExp, complaint: string, example: string): Kind<string> {
  const plain = text({ example });
  return {
    ...plain,
    name: 'distinguished name',
    parse: (raw, say) => {
      const value = plain.parse(raw, say);
      if (value === MISTAKE || value === '' || needed.test(value)) return value;
      return say(`${quote(value)} ${complaint}`, `for example ${example}`);
    },
  };
}

// (attribute=value), also >=, <= and ~=, and (attribute:dn:rule:=value).
const COMPARISON =
  /\((?:[a-z][\w-]*(?:[<>~]?=|(?::dn)?(?::[\w.-]+)?:=)|(?::dn)?:[\w.-]+:=)(?:[^()\\]|\\[0-7][0-9a-f])*\)/gi;

/** Takes comparisons away, and what joins them, until nothing is left but one filter. */
function isFilter(filter: string): boolean {
  let rest = filter.replaceAll('()', ')(').replace(COMPARISON, '()');
  for (let before = ''; before !== rest;) {
    before = rest;
    rest = rest.replace(/\((?:[&|](?:\(\))+|!\(\))\)/g, '()');
  }
  return rest === '()';
}
