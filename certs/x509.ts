// The X.509 library, loaded on first use: importing it takes about 0.1 s, which only a start that
// really makes a certificate should pay.
import type * as X509 from '@peculiar/x509';

let library: Promise<typeof X509> | undefined;

/** The library; it needs reflect-metadata in place before its own first line runs. */
export function loadX509(): Promise<typeof X509> {
  library ??= (async () => {
    await import('reflect-metadata');
    return import('@peculiar/x509');
  })();
  return library;
}
