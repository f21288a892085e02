// What the primary and the process that answers Prometheus say to each other.
import type { Format } from '../metrics/exposition.ts';
import type { AliveMessage } from './alive.ts';
import type { MeasuresMessage } from './measures.ts';

export type PrimaryToMetrics =
  /** First message; the listening sockets are those inherited. */
  | {
      readonly kind: 'start';
      readonly listeners: readonly number[];
      readonly user: { readonly uid: number; readonly gid: number };
      readonly sandbox: boolean;
      readonly primaryPid: number;
      readonly logLevel: string;
    }
  | { readonly kind: 'page'; readonly id: number; readonly text: string }
  | {
      readonly kind: 'readiness';
      readonly id: number;
      readonly ready: boolean;
      /** One line. */
      readonly reason: string;
    };

export type MetricsToPrimary =
  | { readonly kind: 'ready' }
  /** It cannot run; it exits after this. */
  | { readonly kind: 'fatal'; readonly message: string }
  | AliveMessage
  | MeasuresMessage
  | { readonly kind: 'ask-page'; readonly id: number; readonly format: Format }
  | { readonly kind: 'ask-readiness'; readonly id: number };
