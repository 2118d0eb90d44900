import { trainingConfigSchema } from '@anneal/core';
import { z } from 'zod';

export type FieldKind = 'TEXT' | 'INTEGER' | 'NUMBER' | 'BOOLEAN' | 'CHOICE' | 'LIST' | 'MAP';

export interface FormField {
  /** Dotted path: `optimizer.learningRate`. */
  path: string;
  title: string;
  help: string;
  unit: string | null;
  kind: FieldKind;
  minimum: number | null;
  maximum: number | null;
  choices: string[] | null;
  default: unknown;
  advanced: boolean;
}

export interface FormSection {
  key: string;
  title: string;
  help: string;
  fields: FormField[];
}

export interface Form {
  sections: FormSection[];
  defaults: unknown;
  jsonSchema: unknown;
}

/** The part of JSON Schema, with the hints of the configuration, that a form is made of. */
const fieldSchema = z.looseObject({
  type: z.enum(['string', 'integer', 'number', 'boolean', 'array', 'object']),
  title: z.string(),
  help: z.string(),
  unit: z.string().optional(),
  advanced: z.boolean().default(false),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
  default: z.unknown(),
});
const sectionSchema = z.looseObject({ title: z.string(), help: z.string(), properties: z.record(z.string(), fieldSchema) });
const formSchema = z.looseObject({ properties: z.record(z.string(), sectionSchema) });

const kinds = {
  string: 'TEXT',
  integer: 'INTEGER',
  number: 'NUMBER',
  boolean: 'BOOLEAN',
  array: 'LIST',
  object: 'MAP',
} as const satisfies Record<string, FieldKind>;

/** The form of a training configuration, out of the very schema that checks it: nothing is written twice. */
export function trainingConfigForm(): Form {
  const jsonSchema = z.toJSONSchema(trainingConfigSchema, { io: 'input' });
  const sections = Object.entries(formSchema.parse(jsonSchema).properties).map(([key, section]) => ({
    key,
    title: section.title,
    help: section.help,
    fields: Object.entries(section.properties).map(([name, field]) => ({
      path: `${key}.${name}`,
      title: field.title,
      help: field.help,
      unit: field.unit ?? null,
      kind: field.enum ? ('CHOICE' as const) : kinds[field.type],
      minimum: field.minimum ?? null,
      maximum: field.maximum ?? null,
      choices: field.enum ?? null,
      default: field.default,
      advanced: field.advanced,
    })),
  }));
  return { sections, defaults: trainingConfigSchema.parse({}), jsonSchema };
}
