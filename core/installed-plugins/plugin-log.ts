import type { PluginLogLine } from '@anneal/plugins';

export interface LoggedLine {
  time: Date;
  level: PluginLogLine['level'];
  message: string;
}

/** Lines that are kept of each plugin, and characters of each line. */
const [keptLines, keptCharacters] = [200, 2000];
/** Shorter values are taken for words, not for secrets. */
const shortestSecret = 6;

/** Puts asterisks in place of secrets, whoever has written them there, as they are or as JSON writes them. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const written = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  // The longest first: one may be a part of another.
  const hidden = [...new Set(written)].filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length);
  return hidden.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

/** The newest lines of a plugin's log. */
export class PluginLog {
  readonly #lines: LoggedLine[] = [];
  readonly #secrets: () => readonly string[];

  /** @param secrets what must not be shown */
  constructor(secrets: () => readonly string[]) {
    this.#secrets = secrets;
  }

  add({ level, message, fields }: PluginLogLine): void {
    const whole = fields && Object.keys(fields).length > 0 ? `${message} ${JSON.stringify(fields)}` : message;
    const text = withoutSecrets(whole, this.#secrets()).slice(0, keptCharacters);
    this.#lines.push({ time: new Date(), level, message: text });
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  /** @param most newest lines, the oldest of them first */
  tail(most: number): readonly LoggedLine[] {
    return most > 0 ? this.#lines.slice(-most) : [];
  }
}

/** Messages of the host begin in the middle of a sentence, and have no end. Only the first line is for people. */
export function asSentence(message: string): string {
  const [line = ''] = message.trim().split('\n');
  const begun = line.charAt(0).toUpperCase() + line.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
