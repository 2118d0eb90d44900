import { z } from 'zod';
import type { PluginContext } from './context.ts';
import { methodsWith } from './method.ts';
import type { Plugin } from './plugin.ts';

/** One row of a dataset, a JSON object. */
const row = z.record(z.string(), z.json());
export type DatasetRow = z.output<typeof row>;

export interface DatasetSourceDefinition<Settings, Input> {
  settings?: z.ZodType<Settings>;
  /** What is to be read: an address, a query. Clients draw its form. */
  input: z.ZodType<Input>;
  /** The rows as they come. A function that is written `async *read(…)`. */
  read(input: Input, context: PluginContext<Settings>): AsyncIterable<DatasetRow>;
}

/** Brings rows of a dataset from elsewhere. Methods: `read` (in pieces: {row}). */
export function defineDatasetSource<Settings, Input>(definition: DatasetSourceDefinition<Settings, Input>): Plugin {
  const methods = methodsWith(definition.settings);
  return methods.plugin('dataset-source', {
    read: methods.stream(definition.input, z.object({ row }), async function* (input, context) {
      for await (const made of definition.read(input, context)) yield { row: made };
    }),
  });
}
