// What the primary and the process of the plugins say to each other.
import type {
  ConnectAnswer,
  ConnectEvent,
  DisconnectEvent,
  HostUpdateEvent,
} from '../plugin/plugin.ts';
import type { AliveMessage } from './alive.ts';
import type { MeasuresMessage } from './measures.ts';

export type PluginEvent = ConnectEvent | DisconnectEvent | HostUpdateEvent;

export type PrimaryToPlugins =
  /** First message. */
  | {
      readonly kind: 'start';
      /** Files of plugins, in the order in which they are asked. */
      readonly files: readonly string[];
      /** null = it keeps the user that it has. */
      readonly user: { readonly uid: number; readonly gid: number } | null;
      readonly logLevel: string;
      /** Say 'measures' every second. */
      readonly measure: boolean;
      readonly primaryPid: number;
    }
  | { readonly kind: 'event'; readonly id: number; readonly event: PluginEvent };

/** `failed`: a plugin threw, or gave an answer that is none. */
export type PluginReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'answer'; readonly answer: ConnectAnswer }
  | { readonly kind: 'failed' };

export type PluginsToPrimary =
  /** All plugins are loaded. */
  | { readonly kind: 'ready' }
  /** A plugin cannot be loaded; the process exits after this. */
  | { readonly kind: 'fatal'; readonly message: string }
  | AliveMessage
  | MeasuresMessage
  | { readonly kind: 'reply'; readonly id: number; readonly reply: PluginReply };
