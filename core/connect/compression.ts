// Which compression a channel gets, if any [oc 9].

export type Compression = 'oc-lz4' | 'lzs';

/** Ours, best first: LZ4 takes a fraction of the time. */
const PREFERENCE: readonly Compression[] = ['oc-lz4', 'lzs'];

/** What the client has offered for each channel, in lower case, in its order. */
export interface CompressionOffer {
  readonly tls: readonly string[];
  readonly dtls: readonly string[];
}

/** null: packets of that channel go as they are. */
export interface CompressionChoice {
  readonly tls: Compression | null;
  readonly dtls: Compression | null;
}

/** `allowed`: the session's policy. */
export const chooseCompression = (
  offer: CompressionOffer,
  allowed: boolean,
): CompressionChoice => ({
  tls: allowed ? best(offer.tls) : null,
  dtls: allowed ? best(offer.dtls) : null,
});

const best = (offered: readonly string[]): Compression | null =>
  PREFERENCE.find((name) => offered.includes(name)) ?? null;
