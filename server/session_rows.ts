// How a session lies in its table.
import type { ClientFacts, TunnelCounters } from '../core/ipc/messages.ts';
import { formatIp, parseIp } from '../core/net/address.ts';
import type { IpAddress } from '../core/net/address.ts';
import type { SessionAttributes } from '../core/policy/attributes.ts';
import { NO_TRAFFIC } from '../core/session/session.ts';
import type { SessionRecord } from '../core/session/session.ts';

/** Version of the tables below; a change of theirs raises it and brings a migration. */
export const SCHEMA_VERSION = 4;

const QUOTA_USAGE = `
  CREATE TABLE quota_usage (
    user        TEXT    PRIMARY KEY,
    day_since   INTEGER NOT NULL,     -- the begin of the period that the bytes were counted in
    day_bytes   INTEGER NOT NULL,
    week_since  INTEGER NOT NULL,
    week_bytes  INTEGER NOT NULL,
    month_since INTEGER NOT NULL,
    month_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

export const SCHEMA = `
  CREATE TABLE session (
    session       INTEGER PRIMARY KEY,
    cookie_hash   TEXT    NOT NULL,
    vhost         TEXT    NOT NULL DEFAULT '',
    user          TEXT    NOT NULL,
    groups        TEXT    NOT NULL,   -- JSON array
    login_at      INTEGER NOT NULL,   -- ms since 1970, like every time here
    login_address TEXT    NOT NULL,
    peer_address  TEXT    NOT NULL,
    peer_port     INTEGER NOT NULL,
    client        TEXT    NOT NULL,   -- JSON object
    inside4       TEXT,
    inside6       TEXT,
    totals        TEXT    NOT NULL,   -- JSON object
    expires_at    INTEGER,            -- NULL: connected when it was saved
    attributes    TEXT    NOT NULL DEFAULT '{"policy":{},"accounting":null}',  -- JSON object
    opened_at     INTEGER             -- NULL: it never had a tunnel
  ) STRICT;
  CREATE TABLE meta (
    key   TEXT    PRIMARY KEY,        -- alive_at, next_session
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
${QUOTA_USAGE}`;

/** From each version to the one behind it. */
export const MIGRATIONS: readonly string[] = [
  `ALTER TABLE session ADD COLUMN vhost TEXT NOT NULL DEFAULT '';
   ALTER TABLE session ADD COLUMN attributes TEXT NOT NULL
     DEFAULT '{"policy":{},"accounting":null}';`,
  'ALTER TABLE session ADD COLUMN opened_at INTEGER;',
  QUOTA_USAGE,
];

export interface SessionRow {
  readonly session: number;
  readonly cookie_hash: string;
  readonly vhost: string;
  readonly user: string;
  readonly groups: string;
  readonly login_at: number;
  readonly login_address: string;
  readonly peer_address: string;
  readonly peer_port: number;
  readonly client: string;
  readonly inside4: string | null;
  readonly inside6: string | null;
  readonly totals: string;
  readonly expires_at: number | null;
  readonly attributes: string;
  readonly opened_at: number | null;
}

const COLUMNS = [
  'session',
  'cookie_hash',
  'vhost',
  'user',
  'groups',
  'login_at',
  'login_address',
  'peer_address',
  'peer_port',
  'client',
  'inside4',
  'inside6',
  'totals',
  'expires_at',
  'attributes',
  'opened_at',
] as const satisfies readonly (keyof SessionRow)[];

export const INSERT = `INSERT OR REPLACE INTO session (${COLUMNS.join(', ')})
  VALUES (${COLUMNS.map((column) => `$${column}`).join(', ')})`;

export const encodeRow = (record: SessionRecord): Record<string, string | number | null> => ({
  session: record.session,
  cookie_hash: record.cookieHash,
  vhost: record.vhost,
  user: record.user,
  groups: JSON.stringify(record.groups),
  login_at: record.loginAt,
  login_address: record.loginAddress,
  peer_address: record.peer.address,
  peer_port: record.peer.port,
  client: JSON.stringify(record.client),
  inside4: record.inside4 && formatIp(record.inside4),
  inside6: record.inside6 && formatIp(record.inside6),
  totals: JSON.stringify(record.totals),
  expires_at: record.expiresAt,
  attributes: JSON.stringify(record.attributes, encodeBigint),
  opened_at: record.openedAt,
});

const NO_DEVICE_TYPE: Pick<ClientFacts, 'deviceType'> = { deviceType: '' };

/** Throws on text that encodeRow does not write. */
export const decodeRow = (row: SessionRow): SessionRecord => ({
  session: row.session,
  cookieHash: row.cookie_hash,
  vhost: row.vhost,
  user: row.user,
  groups: JSON.parse(row.groups) as string[],
  loginAt: row.login_at,
  loginAddress: row.login_address,
  peer: { address: row.peer_address, port: row.peer_port },
  // Rows of earlier versions know no device type.
  client: { ...NO_DEVICE_TYPE, ...(JSON.parse(row.client) as ClientFacts) },
  inside4: decodeAddress(row.inside4),
  inside6: decodeAddress(row.inside6),
  // A counter that an earlier version did not have began at 0.
  totals: { ...NO_TRAFFIC, ...(JSON.parse(row.totals) as Partial<TunnelCounters>) },
  expiresAt: row.expires_at,
  attributes: JSON.parse(row.attributes, decodeBigint) as SessionAttributes,
  openedAt: row.opened_at,
});

/** Addresses are bigints, which JSON has not: {"bigint":"…"}. */
const encodeBigint = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? { bigint: String(value) } : value;

function decodeBigint(_key: string, value: unknown): unknown {
  const text = typeof value === 'object' && value !== null && 'bigint' in value && value.bigint;
  return typeof text === 'string' ? BigInt(text) : value;
}

function decodeAddress(text: string | null): IpAddress | null {
  if (text === null) return null;
  const address = parseIp(text);
  if (address === undefined) throw new SyntaxError(`"${text}" is not an address`);
  return address;
}
