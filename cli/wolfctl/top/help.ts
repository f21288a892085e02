/** The keys of top, a line each. */
export const HELP: readonly string[] = [
  'Up Down PgUp PgDn Home End   select a session (also k and j)',
  'd   disconnect it: the client may come back with its cookie',
  't   terminate it: its cookie is worth nothing any more',
  '/   show only sessions with this in a name or an address; Escape shows all',
  'S R T   sort by rate (rx + tx), rx, tx',
  'U I C   sort by user, id, time of connection',
  '< >   the column before, the next one; o the other way round',
  'i   seconds between two listings; Space asks now',
  'q   quit',
];
