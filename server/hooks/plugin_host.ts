// The plugins inside their process: loaded once, then asked one after the other. What a plugin
// throws or answers wrongly is its own failure: the log has it, and a connect fails.
import { pathToFileURL } from 'node:url';
import type { PluginEvent, PluginReply } from '../../core/ipc/plugins.ts';
import type {
  ConnectAnswer,
  ConnectEvent,
  DisconnectEvent,
  Plugin,
  PluginContext,
  PluginLog,
} from '../../core/plugin/plugin.ts';

interface LoadedPlugin {
  readonly file: string;
  readonly plugin: Plugin;
  readonly context: PluginContext;
}

const METHODS = ['connect', 'disconnect', 'hostUpdate'] as const;

export class PluginHost {
  readonly #plugins: readonly LoadedPlugin[];

  private constructor(plugins: readonly LoadedPlugin[]) {
    this.#plugins = plugins;
  }

  /** Rejects with a sentence that names the file. */
  static async load(
    files: readonly string[],
    logFor: (file: string) => PluginLog,
  ): Promise<PluginHost> {
    const plugins: LoadedPlugin[] = [];
    for (const file of files) {
      plugins.push({ file, plugin: await load(file), context: { log: logFor(file) } });
    }
    return new PluginHost(plugins);
  }

  /** Never rejects. */
  async handle(event: PluginEvent): Promise<PluginReply> {
    if (event.kind === 'connect') return this.#connect(event);
    const all = await Promise.all(this.#plugins.map((loaded) => tell(loaded, event)));
    return { kind: all.includes('failed') ? 'failed' : 'done' };
  }

  /** Those that have said yes before another says no hear that the session is over. */
  async #connect(event: ConnectEvent): Promise<PluginReply> {
    const asked: LoadedPlugin[] = [];
    for (const loaded of this.#plugins) {
      const answer = await ask(loaded, event);
      if (answer?.allow !== true) {
        const over = refusedEvent(event);
        await Promise.all(asked.map((each) => tell(each, over)));
        return answer === undefined ? { kind: 'failed' } : { kind: 'answer', answer };
      }
      asked.push(loaded);
    }
    return { kind: 'answer', answer: { allow: true } };
  }
}

async function load(file: string): Promise<Plugin> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  } catch (error) {
    throw new Error(`${file} cannot be loaded: ${firstLine(error)}`, { cause: error });
  }
  const plugin = module.default;
  if (typeof plugin !== 'object' || plugin === null) {
    throw new Error(`${file} has no default export that is a plugin`);
  }
  const methods = plugin as Partial<Record<string, unknown>>;
  const wrong = METHODS.find((name) => !['undefined', 'function'].includes(typeof methods[name]));
  if (wrong !== undefined) throw new Error(`${file}: ${wrong} is not a function`);
  if (METHODS.every((name) => methods[name] === undefined)) {
    throw new Error(`${file} has none of ${METHODS.join(', ')}`);
  }
  return plugin;
}

/** Undefined when it failed. */
async function ask(
  { plugin, context }: LoadedPlugin,
  event: ConnectEvent,
): Promise<ConnectAnswer | undefined> {
  if (plugin.connect === undefined) return { allow: true };
  try {
    const answer: unknown = await plugin.connect(event, context);
    if (isAnswer(answer)) return answer;
    context.log.error('connect gave no answer: { allow: true } or { allow: false, reason: "…" }');
  } catch (error) {
    context.log.error('connect failed', { err: error });
  }
  return undefined;
}

async function tell(
  { plugin, context }: LoadedPlugin,
  event: Exclude<PluginEvent, ConnectEvent>,
): Promise<'done' | 'failed'> {
  try {
    if (event.kind === 'disconnect') await plugin.disconnect?.(event, context);
    else await plugin.hostUpdate?.(event, context);
    return 'done';
  } catch (error) {
    context.log.error(`${event.kind} failed`, { err: error });
    return 'failed';
  }
}

const refusedEvent = ({ session }: ConnectEvent): DisconnectEvent => ({
  kind: 'disconnect',
  session,
  statistics: { bytesIn: 0, bytesOut: 0, durationMs: 0 },
  end: 'refused',
});

/** Types are gone when a plugin runs. */
function isAnswer(value: unknown): value is ConnectAnswer {
  if (typeof value !== 'object' || value === null || !('allow' in value)) return false;
  if (value.allow === true) return true;
  return value.allow === false && 'reason' in value && typeof value.reason === 'string';
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
