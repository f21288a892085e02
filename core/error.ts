/** A problem that its reader can solve: a stable code and a sentence that says what to do. */
export class WolfguardError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'WolfguardError';
    this.code = code;
  }
}
