// DSCP values by name: what routers go by [rfc2474, rfc2597, rfc3246, rfc5865, rfc8622].

/** 0 to 63; undefined: no name, and no such number in decimal or "0x" form. */
export function parseDscp(text: string): number | undefined {
  const named = NAMES.get(text.toLowerCase());
  if (named !== undefined) return named;
  const value = /^(?:\d{1,2}|0x[0-9a-f]{1,2})$/i.test(text) ? Number(text) : undefined;
  return value !== undefined && value <= 63 ? value : undefined;
}

const CLASSES = [1, 2, 3, 4, 5, 6, 7];
const NAMES: ReadonlyMap<string, number> = new Map([
  ['default', 0],
  ['cs0', 0],
  ['le', 1],
  ['va', 44],
  ['ef', 46],
  ...CLASSES.map((n) => [`cs${n}`, 8 * n] as const),
  ...CLASSES.slice(0, 4).flatMap((n) =>
    [1, 2, 3].map((drop) => [`af${n}${drop}`, 8 * n + 2 * drop] as const),
  ),
]);
