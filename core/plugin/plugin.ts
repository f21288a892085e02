// What a plugin is: a module whose default export is a Plugin. It runs in a process of its own,
// without privileges, and hears of sessions as they come and go. This file is the package's
// "wolfguard/plugin" and depends on nothing.

/** The default export of a plugin. Every method may be left out, and may be async. */
export interface Plugin {
  /**
   * A session is about to get its first tunnel; its client waits. A refusal, an exception, and no
   * answer within hooks.timeout end the session.
   */
  connect?(event: ConnectEvent, context: PluginContext): ConnectAnswer | Promise<ConnectAnswer>;
  /** A session that `connect` has allowed is over. */
  disconnect?(event: DisconnectEvent, context: PluginContext): void | Promise<void>;
  /** The client has said its host name, or another one than before. */
  hostUpdate?(event: HostUpdateEvent, context: PluginContext): void | Promise<void>;
}

export interface ConnectEvent {
  readonly kind: 'connect';
  readonly session: SessionInfo;
}

export interface DisconnectEvent {
  readonly kind: 'disconnect';
  readonly session: SessionInfo;
  readonly statistics: SessionStatistics;
  /**
   * Why: 'user-disconnect', 'logout', 'expired' (the client did not come back in time),
   * 'session-timeout', 'admin', 'displaced' (by a newer session of the same user), 'refused' (by
   * another plugin or by the script behind this one), 'shutdown', and what later versions know.
   */
  readonly end: string;
}

export interface HostUpdateEvent {
  readonly kind: 'host-update';
  readonly session: SessionInfo;
}

/** `reason` is one line of ASCII for the person, at most 200 characters. */
export type ConnectAnswer =
  { readonly allow: true } | { readonly allow: false; readonly reason: string };

export interface PluginContext {
  /** Goes to the server's log. Names and addresses of people belong to `debug`. */
  readonly log: PluginLog;
}

export type PluginLog = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: object) => void>
>;

/** What a session has moved since `connect`, over all its tunnels, in bytes of inside packets. */
export interface SessionStatistics {
  /** From the client. */
  readonly bytesIn: number;
  /** To the client. */
  readonly bytesOut: number;
  readonly durationMs: number;
}

/** A session as hooks see it. Addresses and networks are text: "10.77.0.5", "10.0.0.0/8". */
export interface SessionInfo {
  /** What wolfctl shows as ID; never used again. */
  readonly id: number;
  /** The virtual host of the login; '' = the main server. */
  readonly vhost: string;
  readonly user: string;
  /** The group that policies use; '' = none. */
  readonly group: string;
  readonly groups: readonly string[];
  /** Milliseconds since 1970. */
  readonly loginAt: number;
  /** Where the client came from last, and our own address that it came to; '' = not known. */
  readonly outside: { readonly address: string; readonly port: number; readonly local: string };
  /** The client's addresses inside, and the server's own in the same network; '' = in none. */
  readonly inside4: { readonly address: string; readonly local: string } | null;
  readonly inside6: {
    readonly address: string;
    readonly local: string;
    readonly prefix: number;
  } | null;
  /** The TUN device: one for all sessions. */
  readonly device: string;
  readonly client: {
    readonly userAgent: string;
    /** As the client says it, letters, digits, dot, hyphen and underscore; '' = it said none. */
    readonly hostname: string;
    readonly platform: string;
    readonly deviceType: string;
    readonly mobile: boolean;
  };
  /** As they are sent to the client; no routes = the default route. */
  readonly routes: readonly string[];
  readonly noRoutes: readonly string[];
  readonly dns: readonly string[];
  /** The engine drops what the client sends outside of its routes. */
  readonly enforceRoutes: boolean;
  /** Rules of policy.allow and policy.deny: "tcp:22 10.0.0.0/8", "udp:53", "icmp". */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}
