/** What a form shows beside a field. `unit` is empty for pure numbers. */
export type FieldHint = {
  title: string;
  help: string;
  unit?: string;
  /** Shown only on demand: most people never touch it. */
  advanced?: boolean;
};

/** The metadata of a field: what a form shows beside it. */
export const hint = (title: string, help: string, more: Omit<FieldHint, 'title' | 'help'> = {}): FieldHint => ({ title, help, ...more });
