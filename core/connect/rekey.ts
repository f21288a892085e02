// Who renews the keys of a tunnel, how and when [oc 7.3].
//
//                     TLS 1.3                        TLS 1.2
//   new-tunnel        the client comes with a new tunnel when the time that we tell it is over
//   ssl               KeyUpdates of ours              as new-tunnel
//
// For TLS 1.2 "ssl" would be a renegotiation, which OpenSSL grants to no client.
import type { SessionPolicy } from '../policy/policy.ts';
import type { Milliseconds } from '../units.ts';

export interface RekeyPlan {
  /** What the client is told, in seconds: it comes with a new tunnel then. */
  readonly clientSeconds: number;
  /** The same as long as it is really expected to; 0 = never. */
  readonly newTunnelMs: Milliseconds;
  /** How often the engine sends a KeyUpdate; 0 = never. */
  readonly keyUpdateMs: Milliseconds;
  /** What the client is told about DTLS, whose keys a KeyUpdate does not renew; in seconds. */
  readonly dtlsSeconds: number;
}

/** Secure Client 5.1 refuses a tunnel that is never to be rekeyed: "never" becomes a year. */
const NEVER_SECONDS = 365 * 24 * 3600;
/** DTLS after the control channel, so that both are not renewed in the same moment. */
const DTLS_LATER_SECONDS = 10;

/** `tlsVersion` as OpenSSL writes it; `jitterSeconds`: a random number from -30 to 30 [oc 5.4]. */
export function planRekey(
  { rekey, rekey_method }: Pick<SessionPolicy, 'rekey' | 'rekey_method'>,
  tlsVersion: string,
  jitterSeconds: number,
): RekeyPlan {
  const seconds = rekey > 0 ? withJitter(Math.ceil(rekey / 1000), jitterSeconds) : NEVER_SECONDS;
  const byServer = rekey_method === 'ssl' && tlsVersion === 'TLSv1.3';
  return {
    clientSeconds: byServer ? NEVER_SECONDS : seconds,
    newTunnelMs: rekey > 0 && !byServer ? seconds * 1000 : 0,
    keyUpdateMs: byServer ? rekey : 0,
    dtlsSeconds: seconds + DTLS_LATER_SECONDS,
  };
}

/**
 * So that not all clients come at once; never by more than a tenth, or a short time would not be
 * what the operator wanted.
 */
function withJitter(seconds: number, jitterSeconds: number): number {
  const most = Math.floor(seconds / 10);
  return seconds + Math.trunc(Math.min(most, Math.max(-most, jitterSeconds)));
}
