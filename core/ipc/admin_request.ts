// A line of the admin socket that asks for something, to text and back.
import type { PublicSelector } from '../session/requests.ts';
import type { AdminCommand } from './admin.ts';

/** No command is longer; a longer line is not one of ours. */
export const MAX_ADMIN_REQUEST_BYTES = 4096;

/** One line, with its newline. */
export const encodeAdminRequest = (id: number, command: AdminCommand): string =>
  `${JSON.stringify({ id, ...command })}\n`;

export type ParsedAdminRequest =
  | { readonly kind: 'request'; readonly id: number; readonly request: AdminCommand }
  | { readonly kind: 'bad'; readonly id: number; readonly reason: string };

/** Parses one line; a bad one keeps its id where it has one, else 0. */
export function parseAdminRequest(line: string): ParsedAdminRequest {
  const fields = parseObject(line);
  if (fields === undefined) return { kind: 'bad', id: 0, reason: 'not a JSON object' };
  const id = isNumber(fields['id']) ? fields['id'] : 0;
  const request = parseCommand(fields);
  if (typeof request === 'string') return { kind: 'bad', id, reason: request };
  return { kind: 'request', id, request };
}

function parseCommand(fields: Readonly<Record<string, unknown>>): AdminCommand | string {
  const { command } = fields;
  switch (command) {
    case 'status':
    case 'users':
    case 'ip-bans':
    case 'ip-ban-points':
    case 'stop':
      return { command };
    case 'user': {
      const { name } = fields;
      return typeof name === 'string' ? { command, name } : '"name" must be a string';
    }
    case 'session': {
      const { sid } = fields;
      return typeof sid === 'string' ? { command, sid } : '"sid" must be a string';
    }
    case 'sessions':
      return fields['valid'] === true ? { command, valid: true } : { command };
    case 'events':
      return fields['logins'] === true ? { command, logins: true } : { command };
    case 'id': {
      const { session } = fields;
      return isNumber(session) ? { command, session } : '"session" must be a number';
    }
    case 'reload': {
      const { dryRun } = fields;
      if (dryRun === undefined) return { command };
      return typeof dryRun === 'boolean' ? { command, dryRun } : '"dryRun" must be true or false';
    }
    case 'drain': {
      const { limit, off } = fields;
      if (off !== undefined) return off === true ? { command, off } : '"off" must be true';
      if (limit === undefined) return { command };
      return isNumber(limit) && limit > 0
        ? { command, limit }
        : '"limit" must be a number of milliseconds above 0';
    }
    case 'quota-reset': {
      const { user } = fields;
      return typeof user === 'string' ? { command, user } : '"user" must be a string';
    }
    case 'unban': {
      const { address } = fields;
      return typeof address === 'string' ? { command, address } : '"address" must be a string';
    }
    case 'disconnect':
    case 'terminate': {
      const target = parseSelector(fields['target']);
      return target === undefined
        ? '"target" must be {"user": string}, {"id": number} or {"session": string}'
        : { command, target };
    }
    default:
      return 'unknown command';
  }
}

function parseSelector(target: unknown): PublicSelector | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  const { user, id, session } = target as Record<string, unknown>;
  if (typeof user === 'string') return { user };
  if (typeof session === 'string') return { session };
  return isNumber(id) ? { id } : undefined;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
