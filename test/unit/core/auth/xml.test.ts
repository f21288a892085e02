import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseXml } from '../../../../core/auth/xml.ts';
import type { XmlElement } from '../../../../core/auth/xml.ts';
import { element, renderXml } from '../../../../core/auth/xml_writer.ts';

test('elements, attributes, entities, CDATA and comments are read [oc 4.1]', () => {
  const root = read(
    `<?xml version="1.0"?><!-- c --><a x="1 &lt; 2" y='"'>t&amp;&#x41;&#66;<b/><![CDATA[<&]]></a>`,
  );
  assert.equal(root.name, 'a');
  assert.deepEqual(
    [...root.attributes],
    [
      ['x', '1 < 2'],
      ['y', '"'],
    ],
  );
  assert.equal(root.text, 't&AB<&');
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ['b'],
  );
});

for (const [what, text] of [
  ['a DTD', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
  ['an entity of its own', '<a>&x;</a>'],
  ['an unfinished entity', '<a>&amp</a>'],
  ['a reference to NUL', '<a>&#0;</a>'],
  ['a reference to a surrogate', '<a>&#xd800;</a>'],
  ['a reference above Unicode', '<a>&#x110000;</a>'],
  ['a NUL byte', '<a>\0</a>'],
  ['a processing instruction', '<?php x?><a/>'],
  ['an end tag of another name', '<a></b>'],
  ['an end tag too many', '<a/></a>'],
  ['an end that is missing', '<a><b></b>'],
  ['two roots', '<a/><b/>'],
  ['text outside', '<a/>x'],
  ['CDATA outside', '<![CDATA[x]]><a/>'],
  ['an attribute twice', '<a x="1" x="2"/>'],
  ['an attribute without quotes', '<a x=1/>'],
  ['an unfinished comment', '<!-- <a/>'],
  ['nothing', ''],
  ['blanks', '  \n'],
  ['17 levels', '<a>'.repeat(17) + '</a>'.repeat(17)],
  ['513 elements', `<a>${'<b/>'.repeat(512)}</a>`],
  ['33 attributes', `<a ${Array.from({ length: 33 }, (_, i) => `x${i}=""`).join(' ')}/>`],
  ['a name of 65 letters', `<${'a'.repeat(65)}/>`],
  ['a text above 64 KiB', `<a>${'x'.repeat(65_537)}</a>`],
] as const) {
  test(`${what} is refused with a reason`, () => {
    const result = parseXml(Buffer.from(text));
    assert.equal(result.ok, false);
    assert.ok(result.reason.length > 0);
  });
}

test('16 levels and 512 elements are still read', () => {
  read('<a>'.repeat(16) + '</a>'.repeat(16));
  read(`<a>${'<b/>'.repeat(511)}</a>`);
});

test('bytes that are not UTF-8 are refused', () => {
  assert.equal(parseXml(Buffer.from([0x3c, 0x61, 0x2f, 0x3e, 0xff])).ok, false);
});

test('whatever text is written is read back', () => {
  const text = fc
    .string({ unit: 'grapheme' })
    .filter((value) => !/\p{Cc}|[\ufffe\uffff]/u.test(value));
  fc.assert(
    fc.property(text, text, (content, attribute) => {
      const root = read(renderXml(element('a', { x: attribute }, element('b', {}, content))));
      assert.equal(root.attributes.get('x'), attribute);
      assert.equal(root.children[0]?.text, content);
    }),
  );
});

test('no bytes make the reader throw, and it takes no time worth naming', () => {
  const soup = fc.array(
    fc.constantFrom(
      '<',
      '</',
      '<a',
      '>',
      '/>',
      '&',
      ';',
      '"',
      ' ',
      'x=',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?xml ',
      'é',
    ),
  );
  fc.assert(fc.property(soup, (parts) => void parseXml(Buffer.from(parts.join('')))));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseXml(bytes)));
});

for (const unit of ['<a ', '&', '<!--', '< ', '<a x="', ' ', '<a>'])
  test(`256 KiB of ${JSON.stringify(unit)} are refused in linear time`, () => {
    const bytes = Buffer.from(unit.repeat((256 * 1024) / unit.length));
    const start = process.cpuUsage();
    assert.equal(parseXml(Buffer.concat([Buffer.from('<a>'), bytes])).ok, false);
    const { user } = process.cpuUsage(start);
    assert.ok(user < 500_000, `${user} us`);
  });

function read(text: string): XmlElement {
  const result = parseXml(Buffer.from(text));
  assert.ok(result.ok, result.ok ? '' : result.reason);
  return result.root;
}
