// The log as the program sees it. pino's loggers are such loggers: only the types are ours, and
// they keep a line without an event, with an unknown one or without its fields from compiling.
import type { EventLevel } from './event_facts.ts';
import type { LOG_EVENTS } from './events.ts';

type Events = typeof LOG_EVENTS;

/** The stable name of an event, which stands in the field `event` of each line from info on. */
export type EventName = keyof Events;

type Fields<Name extends EventName> = Events[Name]['fields'][number];
type Always<Field> = Field extends `${string}?` ? never : Field;
type Sometimes<Field> = Field extends `${infer Name}?` ? Name : never;

/** The object of a line at this level. */
export type LogLine<Level extends EventLevel> = {
  [Name in EventName]: Events[Name]['level'] extends Level | 'any'
    ? { readonly event: Name } & {
        readonly [Field in Always<Fields<Name>> & string]: unknown;
      } & { readonly [Field in Sometimes<Fields<Name>> & string]?: unknown }
    : never;
}[EventName];

type LogMethod<Level extends EventLevel> = (line: LogLine<Level>, message: string) => void;
type FreeMethod = (fields: object, message: string) => void;

/** Messages are for people and may change; events and their fields are what programs read. */
export interface Logger {
  level: string;
  readonly trace: FreeMethod;
  readonly debug: FreeMethod;
  readonly info: LogMethod<'info'>;
  readonly warn: LogMethod<'warn'>;
  readonly error: LogMethod<'error'>;
  readonly fatal: LogMethod<'fatal'>;
}
