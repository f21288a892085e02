// An HTTP answer as the load client sees it.

export interface Answer {
  readonly status: number;
  /** Names in lower case; a name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A whole answer, head and body; status 0 when it is none. */
export function parseAnswer(text: string): Answer {
  const blank = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, blank < 0 ? undefined : blank).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(/^HTTP\/1\.\d (\d{3}) /.exec(`${first} `)?.[1] ?? 0),
    headers,
    body: blank < 0 ? '' : text.slice(blank + 4),
  };
}

/** The first value of that name (in lower case). */
export const header = (answer: Answer, name: string): string | undefined =>
  answer.headers.find(([key]) => key === name)?.[1];
