// Reads the Markdown of this folder: every "##" is a scene, every fenced block a step of it.

export interface Step {
  readonly kind: string;
  /** Without the last line end. */
  readonly text: string;
  /** Line number of the block's first line of text. */
  readonly line: number;
}

export interface Scene {
  readonly title: string;
  /** Where its bytes come from: the first line of prose behind the title. */
  readonly origin: string;
  readonly steps: readonly Step[];
}

export function parseScenes(markdown: string): readonly Scene[] {
  const scenes: { title: string; origin: string; steps: Step[] }[] = [];
  let block: { kind: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (block !== undefined && line !== '```') block.lines.push(line);
    else if (block !== undefined) {
      scenes.at(-1)?.steps.push({ ...block, text: block.lines.join('\n') });
      block = undefined;
    } else if (line.startsWith('```')) block = { kind: line.slice(3), lines: [], line: index + 2 };
    else if (line.startsWith('## ')) scenes.push({ title: line.slice(3), origin: '', steps: [] });
    else {
      const scene = scenes.at(-1);
      if (scene?.origin === '') scene.origin = line;
    }
  }
  return scenes;
}

/** A request as it goes over the wire: CRLF in the head, the body's length filled in. */
export function encodeRequest(text: string): Buffer {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? `${text.replace(/\n$/, '')}\n` : text.slice(0, end + 1);
  const body = end < 0 ? '' : text.slice(end + 2);
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  const filled = head.replace('Content-Length: *', length).replaceAll('\n', '\r\n');
  return Buffer.from(`${filled}\r\n${body}`);
}
