// Renders the documents that we send. Text goes in raw and comes out escaped: no caller escapes.

/** A node to render: text, or an element with its attributes and children. */
export type XmlNode =
  | string
  | {
      readonly name: string;
      readonly attributes: Readonly<Record<string, string>>;
      readonly children: readonly XmlNode[];
    };

export const element = (
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly XmlNode[]
): XmlNode => ({ name, attributes, children });

/** The whole document. It begins with "<?xml": openconnect looks at byte 0 [oc 4.1]. */
export const renderXml = (root: XmlNode): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${renderNode(root)}\n`;

function renderNode(node: XmlNode): string {
  if (typeof node === 'string') return escapeXml(node);
  const attributes = Object.entries(node.attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join('');
  const children = node.children.map(renderNode).join('');
  return children === ''
    ? `<${node.name}${attributes}/>`
    : `<${node.name}${attributes}>${children}</${node.name}>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Characters that XML cannot hold at all become U+FFFD, as a decoder would make them. */
const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, '\ufffd')
    .replace(/[<>&"']/g, (character) => ESCAPES[character] ?? character);
