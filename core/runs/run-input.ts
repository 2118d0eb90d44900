import { z } from 'zod';
import { Invalid } from '../errors.ts';
import { mostCrashes } from './restarts.ts';

/** What people say about a run, as opposed to what it trains. */
const fields = {
  name: z.string().trim().min(1, 'A name has 1 to 200 characters.').max(200, 'A name has 1 to 200 characters.'),
  notes: z.string().trim().max(20_000, 'Notes have at most 20,000 characters.'),
  tags: z
    .array(z.string().trim().min(1, 'A tag has 1 to 50 characters.').max(50, 'A tag has 1 to 50 characters.'))
    .max(20, 'A run has at most 20 tags.')
    .transform((tags) => [...new Set(tags)]),
  priority: z
    .int(outside('priority', -100, 100))
    .min(-100, outside('priority', -100, 100))
    .max(100, outside('priority', -100, 100)),
  maxCrashes: z
    .int()
    .min(0, outside('number', 0, mostCrashes))
    .max(mostCrashes, outside('number', 0, mostCrashes)),
};

function outside(what: string, least: number, most: number): string {
  return `A ${what} from ${least} to ${most} is needed.`;
}

const schema = z.object(fields).partial();

/** What of a run can be given and changed. */
export interface RunFields {
  /** 1–200 characters. */
  name?: string;
  /** At most 20,000 characters. */
  notes?: string;
  /** At most 20, of 1–50 characters each. */
  tags?: readonly string[];
  /** -100 to 100; higher ones leave the queue first. */
  priority?: number;
  /** 0 to 20: how often it may be started again after its worker died. */
  maxCrashes?: number;
}

/**
 * Checks what somebody says about a run. What is left out stays left out.
 * @throws Invalid with an issue for each field that is wrong
 */
export function checkedFields({ name, notes, tags, priority, maxCrashes }: RunFields): z.output<typeof schema> {
  const result = schema.safeParse({ name, notes, tags, priority, maxCrashes });
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new Invalid(`The run is not valid: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, issues);
}

/** What runs are searched in. */
export const searchText = (name: string, notes: string): string => `${name}\n${notes}`.toLowerCase();
