import { Buffer } from 'node:buffer';
import { z } from 'zod';
import type { PluginContext } from './context.ts';
import { methodsWith } from './method.ts';
import type { Plugin } from './plugin.ts';

/** A file inside the export: no way out of its folder. */
const exportPath = z
  .string()
  .regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/)
  .max(200);

/** The next bytes of a file; its first piece begins it. */
export const exportPiece = z.object({ path: exportPath, base64: z.base64() });

export interface ExporterDefinition<Settings, Options> {
  settings?: z.ZodType<Settings>;
  /** What can be chosen for an export. */
  options: z.ZodType<Options>;
  /** Reads the model in `folder` and gives the files of the export, each piece by piece (4 MiB at most), one after the other. */
  export(
    request: { folder: string; options: Options },
    context: PluginContext<Settings>,
  ): AsyncIterable<{ path: string; bytes: Uint8Array }>;
}

/** Writes a model in another format. Methods: `export` ({folder, options} → in pieces: {path, base64}). */
export function defineExporter<Settings, Options>(definition: ExporterDefinition<Settings, Options>): Plugin {
  const methods = methodsWith(definition.settings);
  const request = z.object({ folder: z.string(), options: definition.options });
  return methods.plugin('exporter', {
    export: methods.stream(request, exportPiece, async function* (asked, context) {
      for await (const { path, bytes } of definition.export(asked, context)) yield { path, base64: Buffer.from(bytes).toString('base64') };
    }),
  });
}
