// Which arguments of wolfctl name something that the server knows, and can be completed from it.

/** Names and numbers of who is connected, public ids of all sessions, addresses with points. */
export const LIVE_KINDS = ['users', 'ids', 'sessions', 'addresses'] as const;

export type LiveKind = (typeof LIVE_KINDS)[number];

/** By the name that the argument has in the help. */
const KIND_OF_ARGUMENT: Readonly<Record<string, LiveKind>> = {
  name: 'users',
  user: 'users',
  id: 'ids',
  sid: 'sessions',
  address: 'addresses',
  ip: 'addresses',
};

/** undefined: nothing that the server could name. */
export const liveKindOf = (argument: string): LiveKind | undefined =>
  KIND_OF_ARGUMENT[argument.toLowerCase()];
