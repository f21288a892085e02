// The primary's end of the metrics process: it asks, and is answered at once.
import type { MetricsToPrimary, PrimaryToMetrics } from '../../core/ipc/metrics.ts';
import type { Format } from '../../core/metrics/exposition.ts';
import type { Readiness } from '../readiness.ts';
import type { ChildLink } from '../supervisor.ts';

export interface MetricsLinkComponents {
  readonly startMessage: () => Extract<PrimaryToMetrics, { kind: 'start' }>;
  readonly page: (format: Format) => string;
  readonly readiness: Pick<Readiness, 'ready' | 'reason'>;
}

/** The listener for one metrics process, as the supervisor wants it. */
export const metricsLink = (
  { startMessage, page, readiness }: MetricsLinkComponents,
  send: (message: PrimaryToMetrics) => void,
): ChildLink<MetricsToPrimary> => ({
  handleSpawned: () => send(startMessage()),
  handleReady: () => undefined,
  handleGone: () => undefined,
  handleMessage: (message) => {
    switch (message.kind) {
      case 'ask-page':
        send({ kind: 'page', id: message.id, text: page(message.format) });
        return;
      case 'ask-readiness': {
        const { ready, reason } = readiness;
        send({ kind: 'readiness', id: message.id, ready, reason });
        return;
      }
      case 'ready':
      case 'fatal':
      case 'alive':
      case 'measures':
        return;
    }
  },
});
