// The schemas of wolfctl's JSON in docs/schema, held against a document.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

const SCHEMAS = new URL('../../../docs/schema/', import.meta.url);
const ajv = new Ajv({ allErrors: true });

/** The one document that the text is; fails when it is none, or not as the schema says. */
export function documentOf(schema: string, text: string): unknown {
  const document: unknown = JSON.parse(text);
  const check = ajv.compile(readSchema(schema));
  assert.ok(check(document), `${schema}: ${ajv.errorsText(check.errors)}\n${text}`);
  return document;
}

const readSchema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`${name}.json`, SCHEMAS), 'utf8')) as object;
