import { z } from 'zod';
import type { JsonSchema } from './plugin.ts';

/** A setting that nobody is shown again: a key, a password. Clients draw a password field. */
export const secret = (): z.ZodString => z.string().meta({ secret: true });

const asJson = z.record(z.string(), z.json());

/**
 * JSON Schema of a zod schema, so that any client can draw the form.
 * @param side `input`: of what is given, where defaults may be left out; `output`: of what comes out
 */
export function toJsonSchema(schema: z.ZodType, side: 'input' | 'output'): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: side,
    // What JSON Schema has no word for (a transformation) is drawn as anything, and checked by the plugin.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.secret === true) Object.assign(jsonSchema, { format: 'password', writeOnly: true });
    },
  });
  return asJson.parse(JSON.parse(JSON.stringify(made)));
}
