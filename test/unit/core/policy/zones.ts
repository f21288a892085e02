// Time zones for tests of the server's calendar; Node reads TZ anew whenever it is set.
import process from 'node:process';
import type { TestContext } from 'node:test';

/** One hour or half an hour of summer time, either hemisphere, none, and offsets that are odd. */
export const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Santiago',
] as const;

/** Until the test ends. */
export function useZone(t: TestContext, zone: string): void {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  t.after(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
}

/** Of the server's calendar: "2026-03-29 01:30". */
export const at = (text: string): number => new Date(text.replace(' ', 'T')).getTime();
