// `wolfguard policy`: what a login of somebody would be given, and where each value stands.
import { readFileSync } from 'node:fs';
import type { Path } from '../config/kind.ts';
import { examine, loadConfig } from '../config/loader.ts';
import type { Config } from '../config/schema.ts';
import { schema } from '../config/schema.ts';
import { nearest } from '../config/suggest.ts';
import { dotted, header } from '../config/toml_text.ts';
import { parseDocument } from '../config/syntax.ts';
import { WolfguardError } from '../core/error.ts';
import { groupWithSection } from '../core/policy/groups.ts';
import { mergePolicy } from '../core/policy/merge.ts';
import type { PolicyKeys, PolicySource } from '../core/policy/merge.ts';
import { RADIUS_KEYS } from '../core/radius/authorization.ts';
import { layersFor } from '../server/policies.ts';

export interface PolicyQuestion {
  readonly configPath: string;
  readonly user: string;
  /** In the order of the login: the chosen one first. */
  readonly groups: readonly string[];
  /** '' = the main server. */
  readonly vhost: string;
}

/** One key of [policy]: its value as it stands in the file, and the places that it comes from. */
export interface ExplainedKey {
  readonly key: string;
  /** As the file has it; routes that were added up are one list. */
  readonly value: unknown;
  /** Lowest first; more than one only for what was added up. */
  readonly from: readonly Place[];
}

export interface Place {
  /** "default", "[policy]", "[[vhost]] a.example policy", "[user.alice.policy]". */
  readonly section: string;
  /** null = the file does not say it. */
  readonly line: number | null;
}

export interface PolicyAnswer {
  readonly user: string;
  /** The group whose section counts; '' = none has one. */
  readonly group: string;
  readonly vhost: string;
  readonly keys: readonly ExplainedKey[];
  /** Keys that only the login itself decides: its RADIUS server may speak about them. */
  readonly atLogin: readonly string[];
  /** Sentences about sections that are not there. */
  readonly remarks: readonly string[];
}

/** Throws WolfguardError for a file that cannot be used, and for a host that is not in it. */
export function explainPolicy(question: PolicyQuestion): PolicyAnswer {
  const { configPath, user, groups } = question;
  const text = readText(configPath);
  const loaded = loadConfig(text, configPath);
  if (!loaded.ok)
    throw new WolfguardError('CONFIG', `the configuration cannot be used:\n${loaded.output}`);
  const { config } = loaded;
  const vhost = question.vhost.toLowerCase();
  const host = hostOf(config, vhost);
  const base = { source: { kind: 'policy' } as const, values: config.policy };
  const layers = layersFor(config, { vhost, user, groups });
  const { sources } = mergePolicy(base, layers);
  const file = new WrittenFile(text, config);
  return {
    user,
    group: groupWithSection(groups, config.group),
    vhost,
    keys: policyKeys().map((key) => file.explain(key, sources.get(key) ?? [])),
    atLogin: host.auth.chain.some(({ steps }) => steps.includes('radius')) ? RADIUS_KEYS : [],
    remarks: remarksOn(config, question),
  };
}

const policyKeys = (): (keyof PolicyKeys)[] =>
  Object.keys(schema.policy.keys) as (keyof PolicyKeys)[];

function hostOf(config: Config, vhost: string): Pick<Config, 'auth'> {
  if (vhost === '') return config;
  const host = config.vhost.find(({ name }) => name.toLowerCase() === vhost);
  if (host !== undefined) return host;
  const names = config.vhost.map(({ name }) => name);
  const near = nearest(vhost, names);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new WolfguardError('USAGE', `there is no [[vhost]] of the name ${vhost}${hint}`);
}

function remarksOn(config: Config, { user, groups }: PolicyQuestion): string[] {
  const missing = groups.filter((name) => !config.group.has(name));
  const unused = groups.filter((name) => config.group.has(name)).slice(1);
  return [
    ...(groups.length === 0 && config.group.size > 0
      ? ['no group was named: of a user in a group, name it after the user']
      : []),
    ...missing.map((name) => `no section for the group: ${header(['group', name, 'policy'])}`),
    ...unused.map(
      (name) => `not used, since a group before it has one: ${header(['group', name])}`,
    ),
    ...(config.user.has(user)
      ? []
      : [`no section for the user: ${header(['user', user, 'policy'])}`]),
  ];
}

/** Looks up what was written, and where. */
class WrittenFile {
  readonly #root: unknown;
  readonly #lineOf: (path: Path) => number;
  readonly #hosts: readonly string[];

  constructor(text: string, { vhost }: Config) {
    const { locate } = examine(text);
    this.#root = parseDocument(text.replace(/^\uFEFF/, '')).root;
    this.#hosts = vhost.map(({ name }) => name.toLowerCase());
    this.#lineOf = (path) => {
      const key = dotted(path);
      return locate([{ path, at: 'key', key, message: '', suggestion: undefined }])[0]?.line ?? 0;
    };
  }

  explain(key: keyof PolicyKeys, sources: readonly PolicySource[]): ExplainedKey {
    const found = sources.map((source) => {
      const path = [...this.#pathOf(source), key];
      const raw = path.reduce<unknown>((at, part) => (at as Parts | undefined)?.[part], this.#root);
      return raw === undefined
        ? { raw: schema.policy.keys[key].default, place: { section: 'default', line: null } }
        : { raw, place: { section: nameOf(source), line: this.#lineOf(path) } };
    });
    const [first] = found;
    const lists = found.flatMap(({ raw }) => (Array.isArray(raw) ? (raw as unknown[]) : [raw]));
    const value = found.length > 1 ? [...new Set(lists)] : first?.raw;
    return { key, value, from: found.map(({ place }) => place) };
  }

  #pathOf(source: PolicySource): Path {
    switch (source.kind) {
      case 'vhost':
        return ['vhost', this.#hosts.indexOf(source.name), 'policy'];
      case 'group':
      case 'user':
        return [source.kind, source.name, 'policy'];
      case 'policy':
      case 'backend':
        return ['policy'];
    }
  }
}

const nameOf = (source: PolicySource): string => {
  switch (source.kind) {
    case 'vhost':
      return `[[vhost]] ${source.name} policy`;
    case 'group':
    case 'user':
      return header([source.kind, source.name, 'policy']);
    case 'policy':
    case 'backend':
      return '[policy]';
  }
};

type Parts = Readonly<Record<string | number, unknown>>;

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new WolfguardError('CONFIG', `${path} cannot be read: ${reason}`);
  }
}
