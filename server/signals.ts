export interface SignalHandlers {
  /** SIGTERM or SIGINT, each time. */
  readonly stop: (signal: string) => void;
  /** SIGHUP. */
  readonly hangup: () => void;
  /** An exception that nobody caught: a bug of ours. */
  readonly bug: (error: Error) => void;
}

/** Listens until the function that it returns is called. */
export function listenForSignals({ stop, hangup, bug }: SignalHandlers): () => void {
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', hangup);
  process.on('uncaughtException', bug);
  return () => {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    process.off('SIGHUP', hangup);
    process.off('uncaughtException', bug);
  };
}
