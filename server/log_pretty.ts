// JSON log lines as people like to read them: time, level, message, fields.
//
//   14:03:22.118 INFO  session opened  user=alice session=12

/** pino's numbers. */
const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
const LEVEL_COLOURS: Readonly<Record<number, number>> = {
  10: 90,
  20: 36,
  30: 32,
  40: 33,
  50: 31,
  60: 31,
};
/** Said by the rest of the line, or noise on a terminal. */
const HIDDEN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'v', 'err']);

/** One line without its newline; what is not a JSON object comes back unchanged. */
export function renderPretty(line: string, colours: boolean): string {
  const record = parseRecord(line);
  if (record === undefined) return line;
  const level = Number(record['level']);
  const name = paint((LEVEL_NAMES[level] ?? 'LOG').padEnd(5), LEVEL_COLOURS[level], colours);
  return `${formatTime(record['time'])} ${name} ${renderWords(record, colours)}`;
}

/** Message, fields and error of a line, for those who show time and level themselves. */
export function renderWords(record: Readonly<Record<string, unknown>>, colours = false): string {
  const parts = [formatValue(record['msg'] ?? '')];
  const fields = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${quoteIfNeeded(formatValue(value))}`);
  if (fields.length > 0) parts.push(paint(` ${fields.join(' ')}`, 90, colours));
  return parts.join(' ') + formatError(record['err']);
}

/** The object of a JSON line; undefined for what is none. */
export function parseRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function formatTime(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  const two = (value: number): string => String(value).padStart(2, '0');
  const millis = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}

function formatError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  return `\n  ${formatValue(stack ?? message ?? error).replaceAll('\n', '\n  ')}`;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const quoteIfNeeded = (text: string): string =>
  /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);

const paint = (text: string, colour: number | undefined, colours: boolean): string =>
  colours && colour !== undefined ? `\u001b[${colour}m${text}\u001b[0m` : text;
