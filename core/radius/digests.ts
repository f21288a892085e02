// RADIUS authenticates and hides with MD5; the core computes none: the caller brings it.

export interface Digests {
  /** Of all parts in a row. 16 bytes. */
  readonly md5: (...parts: readonly Uint8Array[]) => Uint8Array;
  /** 16 bytes. */
  readonly hmacMd5: (key: Uint8Array, message: Uint8Array) => Uint8Array;
  /** In a time that says nothing about where two values differ; both have the same length. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;
}
