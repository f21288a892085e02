// What a person sees once the quick start's server listens.
import { isIPv6 } from 'node:net';

/** Everything that the announcement says. */
export interface Announcement {
  /** null = it was shown at an earlier start and only its hash is kept. */
  readonly password: string | null;
  readonly user: string;
  readonly pin: string;
  /** An IP address without brackets, or a name. */
  readonly address: string;
  readonly port: number;
  readonly stateDir: string;
  readonly wolfctl: string;
  /** Sentences about what is not as it could be. */
  readonly remarks: readonly string[];
}

/** The text, ending in a newline; the command stands on a line of its own, to be pasted whole. */
export function renderAnnouncement(announcement: Announcement): string {
  const { password, stateDir, wolfctl, remarks } = announcement;
  const lines = [
    '',
    password === null
      ? 'wolfguard is ready. Connect from another machine with (put your password in):'
      : 'wolfguard is ready. Connect from another machine with:',
    '',
    connectCommand(announcement),
    '',
    password === null
      ? '  Password       it was shown once and only its hash is kept; a new one: npm start -- --new-password'
      : '  Password       shown this once and stored as a hash; a new one: npm start -- --new-password',
    `  Who is there   ${wolfctl} show users`,
    `  Files          ${stateDir}  (wolfguard.toml is yours to edit)`,
    '  Stop           Ctrl-C',
    ...remarks.flatMap((remark) => ['', `  ${remark}`]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** The one shell command that connects. */
function connectCommand({ password, user, pin, address, port }: Announcement): string {
  const host = isIPv6(address) ? `[${address}]` : address;
  const url = `https://${host}${port === 443 ? '' : `:${port}`}`;
  const secret = password === null ? "'PASSWORD'" : singleQuote(password);
  return `echo ${secret} | sudo openconnect --servercert ${pin} --user ${shellWord(user)} --passwd-on-stdin ${shellWord(url)}`;
}

/** Left bare where no shell would touch a character of it, quoted otherwise. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : singleQuote(text);

const singleQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
