import { z } from 'zod';
import { pluginKinds } from '../../kit/manifest.ts';
import type { Plugin, PluginMethod } from '../../kit/plugin.ts';

const isFunction = (value: unknown) => typeof value === 'function';
const schema = z.record(z.string(), z.json());
const method = z.object({
  input: schema,
  output: schema,
  isStream: z.boolean(),
  run: z.custom<PluginMethod['run']>(isFunction),
});
const plugin = z.object({
  kind: z.enum(pluginKinds),
  settings: schema,
  methods: z.map(z.string(), method),
  checkSettings: z.custom<Plugin['checkSettings']>(isFunction),
});

/** @throws Error where the module's default export was not made by the kit */
export function readPlugin(loaded: unknown): Plugin {
  const exported = z.object({ default: plugin }).safeParse(loaded);
  if (!exported.success) {
    throw new Error(
      'the main module has to export a plugin by default: export default defineTool({ … }), or another define… function of the kit',
    );
  }
  return exported.data.default;
}
