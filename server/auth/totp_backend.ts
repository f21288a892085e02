// The step "totp": a one-time password in a form of its own, for people who have shown already who
// they are. Nobody may learn here who is enrolled: everybody is asked, and an unknown name is
// checked against the line of somebody else, always the same one for a name.
import { createHmac, randomBytes } from 'node:crypto';
import type { Logger } from '../../core/log/logger.ts';
import { readTypedCode } from '../../core/otp/typed_code.ts';
import type { TypedCode } from '../../core/otp/typed_code.ts';
import { DEFAULT_ALGORITHM, DEFAULT_DIGITS, DEFAULT_PERIOD_S } from '../../core/otp/token.ts';
import { WrongCodes } from '../../core/otp/wrong_codes.ts';
import type { WrongCodeLimits } from '../../core/otp/wrong_codes.ts';
import type { EpochMs } from '../../core/units.ts';
import type { Backend, Conversation, Credentials, Round } from './backend.ts';
import { FileCache } from './file_cache.ts';
import { editOtpFile, readOtpFile } from './otp_file.ts';
import { burnRecovery, parseOtp } from './otp_lines.ts';
import type { OtpEntry, OtpTable } from './otp_lines.ts';
import { matchCode, matchRecovery, tokenId } from './otp_secrets.ts';
import { UsedCodes } from './used_codes.ts';

export interface TotpBackendComponents {
  readonly logger: Logger;
  readonly now: () => EpochMs;
}

export interface TotpBackendOptions {
  /** auth.file.otp_path */
  readonly file: string;
  readonly stateDir: string;
  readonly wrongCodes?: WrongCodeLimits;
}

const WRONG_CODES: WrongCodeLimits = { limit: 10, windowMs: 3_600_000 };

type Refusal = 'not enrolled' | 'wrong code' | 'used before' | 'locked';

export class TotpBackend implements Backend {
  readonly name = 'totp';
  readonly #logger: Logger;
  readonly #now: () => EpochMs;
  readonly #file: string;
  readonly #table: FileCache<OtpTable>;
  readonly #used: UsedCodes;
  readonly #wrong: WrongCodes;
  readonly #decoyKey = randomBytes(32);
  readonly #loneDecoy = decoyEntry();

  constructor({ logger, now }: TotpBackendComponents, options: TotpBackendOptions) {
    this.#logger = logger;
    this.#now = now;
    this.#file = options.file;
    this.#table = new FileCache(
      { logger },
      { file: options.file, read: readOtpFile, parse: parseOtp },
    );
    this.#used = new UsedCodes({ directory: options.stateDir });
    this.#wrong = new WrongCodes(options.wrongCodes ?? WRONG_CODES);
  }

  async verify({ user }: Credentials, signal: AbortSignal): Promise<Round> {
    if (signal.aborted) return TOO_LATE;
    try {
      await this.#table.current();
    } catch (error) {
      return unavailable(error);
    }
    return {
      kind: 'challenge',
      message: 'Please enter your one-time password.',
      label: 'One-time password:',
      echo: false,
      conversation: this.#conversation(user),
    };
  }

  close(): Promise<void> {
    this.#used.close();
    return Promise.resolve();
  }

  /** Takes one answer. */
  #conversation(user: string): Conversation {
    let over = false;
    return {
      respond: async (answer, signal) => {
        if (signal.aborted) return TOO_LATE;
        if (over) return REFUSED;
        over = true;
        try {
          return await this.#check(user, readTypedCode(answer), signal);
        } catch (error) {
          return unavailable(error);
        }
      },
      cancel: () => {
        over = true;
      },
    };
  }

  async #check(user: string, typed: TypedCode, signal: AbortSignal): Promise<Round> {
    const { entries } = await this.#table.current();
    if (signal.aborted) return TOO_LATE;
    const enrolled = entries.get(user);
    const entry = enrolled ?? this.#decoy(entries, user);
    switch (typed.kind) {
      case 'otp':
        return enrolled === undefined
          ? this.#checkDecoy(user, entry, typed.code)
          : this.#checkOtp(enrolled, typed.code);
      case 'recovery': {
        const hash = matchRecovery(entry.token, typed.code, entry.recovery);
        if (enrolled === undefined) return this.#refuse(user, 'not enrolled');
        return hash === null ? this.#refuse(user, 'wrong code') : this.#burn(entry, hash);
      }
      case 'nonsense':
        return this.#refuse(user, 'wrong code');
    }
  }

  /** Without a pause, so that guesses at the same moment are all counted. */
  #checkOtp({ name, token }: OtpEntry, code: string): Round {
    const now = this.#now();
    const id = tokenId(name, token);
    const match = matchCode(token, code, this.#used.lastUsed(id), now);
    if (this.#wrong.isLocked(id, now)) return this.#refuse(name, 'locked');
    if (match !== null && match !== 'used' && this.#used.use(id, match.counter)) {
      return { kind: 'accepted', groups: [] };
    }
    if (this.#wrong.record(id, now)) this.#warnOfGuesses(name);
    return this.#refuse(name, match === null ? 'wrong code' : 'used before');
  }

  #checkDecoy(user: string, { name, token }: OtpEntry, code: string): Round {
    matchCode(token, code, this.#used.lastUsed(tokenId(name, token)), this.#now());
    return this.#refuse(user, 'not enrolled');
  }

  /** A recovery code goes through a lock too: nobody guesses one, and it is what they are for. */
  async #burn({ name, recovery }: OtpEntry, hash: string): Promise<Round> {
    const burned = await editOtpFile(this.#file, (bytes) => burnRecovery(bytes, name, hash));
    if (!burned) return this.#refuse(name, 'used before');
    this.#logger.info(
      { event: 'totp.recovery_code_used', left: recovery.length - 1 },
      'a recovery code was used',
    );
    this.#logger.debug({ user: name }, 'whose recovery code was used');
    return { kind: 'accepted', groups: [] };
  }

  #refuse(user: string, reason: Refusal): Round {
    this.#logger.debug({ user, reason }, 'one-time password refused');
    return REFUSED;
  }

  #warnOfGuesses(user: string): void {
    this.#logger.warn(
      { event: 'totp.locked' },
      'too many wrong one-time passwords of one person: none counts for an hour',
    );
    this.#logger.debug({ user }, 'whose one-time passwords are refused');
  }

  #decoy(entries: OtpTable['entries'], user: string): OtpEntry {
    const all = [...entries.values()];
    const draw = createHmac('sha256', this.#decoyKey).update(user).digest().readUInt32BE();
    return all[draw % all.length] ?? this.#loneDecoy;
  }
}

/** For a file that is still empty. */
const decoyEntry = (): OtpEntry => ({
  name: '',
  token: {
    kind: 'totp',
    secret: randomBytes(20),
    algorithm: DEFAULT_ALGORITHM,
    digits: DEFAULT_DIGITS,
    periodS: DEFAULT_PERIOD_S,
  },
  recovery: [],
});

const REFUSED: Round = { kind: 'refused' };
const TOO_LATE: Round = { kind: 'unavailable', reason: 'The login took too long' };

const unavailable = (error: unknown): Round => ({
  kind: 'unavailable',
  reason: error instanceof Error ? error.message : String(error),
});
