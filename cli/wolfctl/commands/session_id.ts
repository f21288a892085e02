import { WolfguardError } from '../../../core/error.ts';

/** The number of a session as it was typed; throws WolfguardError. */
export function parseId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new WolfguardError('BAD_ID', `"${text}" is not a session number: see wolfctl show users`);
}
