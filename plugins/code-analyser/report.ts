import { z } from '@anneal/plugins/kit';

const languages = ['python', 'javascript', 'typescript'] as const;
export type LanguageName = (typeof languages)[number];

/** From which size on something smells. */
const thresholds = z.object({
  functionLines: z.int().min(1).default(60).describe('Lines of a function'),
  parameters: z.int().min(1).default(5).describe('Parameters of a function'),
  nesting: z.int().min(1).default(4).describe('Blocks inside one another'),
  cyclomatic: z.int().min(1).default(10).describe('Cyclomatic complexity of a function'),
  cognitive: z.int().min(1).default(15).describe('Cognitive complexity of a function'),
  classMethods: z.int().min(1).default(20).describe('Methods of a class'),
});
export type Thresholds = z.output<typeof thresholds>;

export const input = z.object({
  code: z.string().max(1_000_000).describe('Source code'),
  language: z.enum(languages).optional().describe('Left out: by the file name'),
  fileName: z.string().max(500).optional().describe('Such as app.py, page.tsx'),
  thresholds: thresholds.prefault({}),
});

const line = z.int().min(1);

const functionReport = z.object({
  name: z.string(),
  kind: z.enum(['function', 'method', 'anonymous']),
  /** Class that it belongs to. */
  className: z.string().nullable(),
  line,
  endLine: line,
  lines: z.int(),
  parameters: z.int(),
  isAsync: z.boolean(),
  nesting: z.int().describe('Blocks inside one another, at most'),
  cyclomatic: z.int().describe('McCabe 1976: decisions plus one, without those of functions inside'),
  cognitive: z.int().describe('Campbell 2018, with what functions inside add'),
});
export type FunctionReport = z.output<typeof functionReport>;

const classReport = z.object({ name: z.string(), line, endLine: line, bases: z.array(z.string()), methods: z.array(z.string()) });
export type ClassReport = z.output<typeof classReport>;

const importReport = z.object({
  module: z.string(),
  names: z.array(z.object({ name: z.string(), local: z.string() })).describe('What is imported, and as what; * for all of it'),
  line,
});
export type ImportReport = z.output<typeof importReport>;

const smellRules = [
  'long-function',
  'many-parameters',
  'deep-nesting',
  'high-cyclomatic-complexity',
  'high-cognitive-complexity',
  'large-class',
  'unused-import',
  'star-import',
  'bare-except',
  'empty-catch',
  'mutable-default',
  'unreachable-code',
  'loose-equality',
  'var-declaration',
  'explicit-any',
  'debugger',
  'eval',
  'todo',
] as const;

const smell = z.object({
  rule: z.enum(smellRules),
  severity: z.enum(['info', 'warning', 'error']),
  line,
  endLine: line,
  message: z.string(),
});
export type Smell = z.output<typeof smell>;

export const report = z.object({
  language: z.enum(languages),
  lines: z.object({ total: z.int(), code: z.int(), comment: z.int(), blank: z.int() }),
  functions: z.array(functionReport),
  classes: z.array(classReport),
  imports: z.array(importReport),
  complexity: z.object({
    cyclomatic: z.int().describe('Of the file: all decisions plus one'),
    cognitive: z.int().describe('Of the file: of all functions and of the code outside them'),
    highestCyclomatic: z.int(),
    highestCognitive: z.int(),
  }),
  smells: z.array(smell),
  syntaxErrors: z.array(z.object({ line, column: z.int().min(1), message: z.string() })),
});
