// The arguments of occtl as arguments of wolfctl. occtl takes options ahead of its command only, by
// the first letters of their names; it reads what follows as one line, so that a command may be one
// argument, in any case of letters, and what stands behind it is one name, blanks and all.

/** In occtl's words; what stands behind the longest that fits is its argument. */
const COMMANDS = [
  'disconnect user',
  'disconnect id',
  'terminate user',
  'terminate id',
  'terminate session',
  'unban ip',
  'reload',
  'show status',
  'show users',
  'show ip bans',
  'show ip ban points',
  'show iroutes',
  'show sessions all',
  'show sessions valid',
  'show session',
  'show user',
  'show id',
  'show events',
  'stop now',
  'stop',
  'show cookies all',
  'show cookies valid',
] as const;

/** Commands of wolfctl that occtl has not pass as they are. */
export function translateOcctl(args: readonly string[]): string[] {
  const options: string[] = [];
  let at = 0;
  for (; args[at]?.startsWith('-') === true; at++) {
    const option = (args[at] ?? '').replace(/^--?/, '').slice(0, 1);
    if (option === 'j') options.push('--json');
    else if (option === 'n') options.push('--no-pager');
    else if (option === 'd' && args[at]?.startsWith('--') === true) options.push('--debug');
    else if (option === 'v') return ['--version'];
    else if (option === 's' && at + 1 < args.length) options.push('--socket', args[++at] ?? '');
    else return ['--help'];
  }
  const words = args.slice(at).join(' ').split(/\s+/).filter(Boolean);
  return [...options, ...commandOf(words, args.slice(at))];
}

function commandOf(words: readonly string[], asGiven: readonly string[]): readonly string[] {
  if (words[0] === '?') return ['--help'];
  const line = words.join(' ');
  const command = COMMANDS.filter((name) => `${line} `.toLowerCase().startsWith(`${name} `)).reduce(
    (longest, name) => (name.length > longest.length ? name : longest),
    '',
  );
  if (command === '') return asGiven.length === 1 ? words : asGiven;
  const argument = line.slice(command.length + 1);
  const named = command === 'stop' ? ['stop', 'now'] : command.split(' ');
  return argument === '' ? named : [...named, argument];
}
