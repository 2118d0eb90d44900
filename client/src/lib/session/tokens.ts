/** What somebody has who is logged in. */
export interface Tokens {
  accessToken: string;
  /** ISO 8601. */
  accessTokenExpiresAt: string;
  refreshToken: string;
}

export interface TokenKeeperOptions {
  /** Shared by all tabs. */
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Takes a refresh token in for new tokens. Null: it is of no use any more. Throws when the studio cannot be asked. */
  renew: (refreshToken: string) => Promise<Tokens | null>;
  /** Runs the work while no other tab does: each refresh token works once. */
  alone: <T>(work: () => Promise<T>) => Promise<T>;
  now?: () => number;
}

const key = 'session';
/** Renewed so long before it expires. Milliseconds. */
const margin = 60_000;

/** Keeps the tokens of a session, and renews them in time. */
export class TokenKeeper {
  readonly #options: Required<TokenKeeperOptions>;

  constructor(options: TokenKeeperOptions) {
    this.#options = { now: Date.now, ...options };
  }

  keep(tokens: Tokens): void {
    const { accessToken, accessTokenExpiresAt, refreshToken } = tokens;
    this.#options.storage.setItem(key, JSON.stringify({ accessToken, accessTokenExpiresAt, refreshToken }));
  }

  forget(): void {
    this.#options.storage.removeItem(key);
  }

  /** `Bearer …` with a token that is good for a minute at least; undefined when nobody is logged in (any more). */
  async authorization(): Promise<string | undefined> {
    const tokens = this.#fresh() ?? (this.#read() && (await this.#options.alone(() => this.#renewed())));
    return tokens && `Bearer ${tokens.accessToken}`;
  }

  /** Another tab may have renewed them while this one waited. */
  async #renewed(): Promise<Tokens | undefined> {
    const fresh = this.#fresh();
    const stale = this.#read();
    if (fresh || !stale) return fresh;
    const renewed = await this.#options.renew(stale.refreshToken);
    if (renewed) this.keep(renewed);
    else this.forget();
    return renewed ?? undefined;
  }

  #fresh(): Tokens | undefined {
    const tokens = this.#read();
    return tokens && Date.parse(tokens.accessTokenExpiresAt) - margin > this.#options.now() ? tokens : undefined;
  }

  #read(): Tokens | undefined {
    try {
      const stored: unknown = JSON.parse(this.#options.storage.getItem(key) ?? 'null');
      return isTokens(stored) ? stored : undefined;
    } catch {
      return undefined;
    }
  }
}

function isTokens(value: unknown): value is Tokens {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['accessToken', 'accessTokenExpiresAt', 'refreshToken'].every((name) => typeof Reflect.get(value, name) === 'string')
  );
}
