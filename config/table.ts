// The words in which the schema table is written: keys and sections, and the types they yield.
import type { ReloadEffect } from '../core/ipc/reload_plan.ts';
import type { Kind } from './kind.ts';

/** A default as it stands in the file; it goes through the same parser as what people write. */
export type Default =
  string | number | boolean | readonly string[] | Readonly<Record<string, never>>;

export interface Key<T, A extends boolean = boolean> {
  readonly kind: Kind<T>;
  readonly default: Default;
  /** One line, for the sample and the manual. */
  readonly explanation: string;
  /** From when on a change that a reload brings counts; undefined = as the section says. */
  readonly effect: ReloadEffect | undefined;
  /** Never shown, not even to an administrator. */
  readonly secret: boolean;
  /** false: the feature is still to come, and the key is refused by name. */
  readonly available: A;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;

/**
 * `table` is [name], `list` is [[name]] any number of times, `named` is a table of tables that the
 * administrator names, [name.ALICE.policy].
 */
export type Shape = 'table' | 'list' | 'named';

export interface Section<K extends Keys = Keys, S extends Shape = Shape> {
  readonly shape: S;
  readonly about: string;
  readonly effect: ReloadEffect;
  readonly keys: K;
  /** Lines to show where defaults alone would explain nothing. */
  readonly example: readonly string[];
  /** Of a list: the keys that every element must have; undefined = all. */
  readonly required: readonly string[] | undefined;
  /** Sections that may stand inside this one and take over what the same section outside says. */
  readonly overrides: readonly string[];
  /** The same for sections that are merged later: the Config has only what was written. */
  readonly layers: readonly string[];
}

type KeyOptions = { readonly effect?: ReloadEffect; readonly secret?: boolean };

/** A key that works. */
export const key = <T>(
  kind: Kind<T>,
  byDefault: Default,
  explanation: string,
  { effect, secret = false }: KeyOptions = {},
): Key<T, true> => ({ kind, default: byDefault, explanation, effect, secret, available: true });

/** A key whose feature is still to come; renamed to `key` it works. */
export const later = <T>(
  kind: Kind<T>,
  byDefault: Default,
  explanation: string,
  { effect, secret = false }: KeyOptions = {},
): Key<T, false> => ({ kind, default: byDefault, explanation, effect, secret, available: false });

type SectionOptions = {
  readonly about?: string;
  /** Default: 'restart'. */
  readonly effect?: ReloadEffect;
  readonly example?: readonly string[];
  readonly required?: readonly string[];
  readonly overrides?: readonly string[];
  readonly layers?: readonly string[];
};

const sectionOf =
  <S extends Shape>(shape: S) =>
  <const K extends Keys>(options: SectionOptions, keys: K): Section<K, S> => ({
    shape,
    about: options.about ?? '',
    effect: options.effect ?? 'restart',
    keys,
    example: options.example ?? [],
    required: options.required,
    overrides: options.overrides ?? [],
    layers: options.layers ?? [],
  });

export const table = sectionOf('table');
export const list = sectionOf('list');
export const named = sectionOf('named');

/** Sections by their dotted name, parents before their children. */
export type Schema = Readonly<Record<string, Section>>;

/** The values of one section: its available keys. */
export type Values<S extends Section> = {
  readonly [
    K in keyof S['keys'] as S['keys'][K] extends Key<unknown, true> ? K : never
  ]: S['keys'][K] extends Key<infer T> ? T : never;
};

/** What a file of this schema means: sections without an available key are not in it. */
export type ConfigOf<S extends Schema> = {
  readonly [N in keyof S as N extends `${string}.${string}` ? never : Living<S, N>]: Values<S[N]> &
    Children<S, N>;
};

type Children<S extends Schema, Parent extends keyof S> = {
  readonly [
    N in keyof S as N extends `${Parent & string}.${infer Child}`
      ? Living<S, N> extends never
        ? never
        : Child
      : never
  ]: S[N] extends Section<Keys, 'list'> ? readonly Values<S[N]>[] : Values<S[N]>;
};

type Living<S extends Schema, N extends keyof S> = keyof Values<S[N]> extends never ? never : N;
