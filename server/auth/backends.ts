// The backends of the auth process: one for each step that the chains of some host name, shared by
// hosts whose settings for it are the same, kept over a reload that does not touch them.
import type { AuthSettings, BackendSettings, HostAuthSettings } from '../../core/ipc/auth.ts';
import type { Logger } from '../../core/log/logger.ts';
import type { EpochMs } from '../../core/units.ts';
import type { Backend } from './backend.ts';
import { CertificateBackend } from './certificate_backend.ts';
import type { CheckQueue } from './check_queue.ts';
import { FileBackend } from './file_backend.ts';
import { LdapBackend } from './ldap_backend.ts';
import { PamBackend } from './pam_backend.ts';
import { RadiusBackend } from './radius_backend.ts';
import { TotpBackend } from './totp_backend.ts';

export interface BackendComponents {
  readonly logger: Logger;
  /** Bounds the password hashes that are computed at once. */
  readonly queue: CheckQueue;
  readonly now: () => EpochMs;
}

/** Where a backend may keep what must outlive the process. */
export interface BackendPlace {
  readonly stateDir: string;
}

interface StepOpener {
  /** The part of the settings that the backend hangs on. */
  readonly settings: (all: BackendSettings) => object;
  readonly open: (
    components: BackendComponents,
    settings: BackendSettings,
    place: BackendPlace,
  ) => Backend;
}

const STEPS: Readonly<Record<string, StepOpener>> = {
  file: {
    settings: ({ file: { path, renewHashes } }) => ({ path, renewHashes }),
    open: (components, { file: { path: file, renewHashes } }) =>
      new FileBackend(components, { file, renewHashes }),
  },
  radius: {
    settings: ({ radius }) => radius,
    open: (components, { radius }) => new RadiusBackend(components, radius),
  },
  certificate: {
    settings: ({ certificate }) => certificate,
    open: (components, { certificate }) => new CertificateBackend(components, certificate),
  },
  totp: {
    settings: ({ file }) => ({ path: file.otpPath }),
    open: (components, { file }, { stateDir }) =>
      new TotpBackend(components, { file: file.otpPath, stateDir }),
  },
  ldap: {
    settings: ({ ldap }) => ldap,
    open: (components, { ldap }) => new LdapBackend(components, ldap),
  },
  pam: {
    settings: ({ pam }) => pam,
    open: ({ logger }, { pam }) => new PamBackend({ logger }, pam),
  },
};

/** By step and settings. */
type Opened = ReadonlyMap<string, Backend>;

/** By virtual host and step. */
export type BackendsByHost = ReadonlyMap<string, ReadonlyMap<string, Backend>>;

export interface PreparedBackends {
  readonly byHost: BackendsByHost;
  /** These count from now on; those that no host has any more are closed. */
  readonly commit: () => void;
  /** What was opened for it is closed again. */
  readonly abandon: () => void;
}

export class Backends {
  readonly #components: BackendComponents;
  #open: Opened = new Map();

  constructor(components: BackendComponents) {
    this.#components = components;
  }

  /** The backends of each host by step; those that no host has any more are closed. */
  configure(settings: AuthSettings): BackendsByHost {
    const { byHost, commit } = this.prepare(settings);
    commit();
    return byHost;
  }

  /** Opens what is new; throws when that fails, and nothing new is open then. */
  prepare({ hosts, stateDir }: AuthSettings): PreparedBackends {
    const before = this.#open;
    const next = new Map<string, Backend>();
    const closeAllBut = (kept: Opened, all: Opened): void => {
      for (const [key, backend] of all) if (!kept.has(key)) void backend.close();
    };
    const abandon = (): void => closeAllBut(before, next);
    try {
      const byHost = new Map(
        hosts.map((host) => [host.vhost, this.#ofHost(host, { stateDir }, next)] as const),
      );
      const commit = (): void => {
        this.#open = next;
        closeAllBut(next, before);
      };
      return { byHost, commit, abandon };
    } catch (error) {
      abandon();
      throw error;
    }
  }

  /** Takes from what is open, and adds what it opens to `next`. */
  #ofHost(
    { chains, backends }: HostAuthSettings,
    place: BackendPlace,
    next: Map<string, Backend>,
  ): ReadonlyMap<string, Backend> {
    const byStep = new Map<string, Backend>();
    for (const step of new Set(chains.flat())) {
      const opener = STEPS[step];
      if (opener === undefined) continue;
      const key = JSON.stringify([step, place, opener.settings(backends)]);
      const backend =
        next.get(key) ?? this.#open.get(key) ?? opener.open(this.#components, backends, place);
      next.set(key, backend);
      byStep.set(step, backend);
    }
    return byStep;
  }
}
