// The group that a URL names: https://host/GROUP [oc 4.3].
import { groupName } from '../auth/login_fields.ts';

/** The paths that stand for the server itself [oc 2.4], without a slash at their end. */
const OWN_PATHS: ReadonlySet<string> = new Set(['', '/auth', '/VPN']);

export const isOwnPath = (path: string): boolean =>
  path !== '' && OWN_PATHS.has(withoutSlash(path));

/** Percent-encoding undone; null for a path of the server, one with parts, or none at all. */
export function groupInPath(path: string): string | null {
  const segment = /^\/([^/]+)$/.exec(withoutSlash(path))?.[1];
  if (segment === undefined || isOwnPath(path)) return null;
  try {
    return groupName(decodeURIComponent(segment));
  } catch {
    // Percent signs that encode nothing.
    return null;
  }
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);
