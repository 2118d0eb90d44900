import { defineLanguageModel } from '@anneal/plugins/kit';
import { embed } from './embed.ts';
import { generate } from './generate.ts';
import { models } from './models.ts';
import { settings } from './settings.ts';

export default defineLanguageModel({
  settings,
  models,
  generate: (request, context) => generate(request, context.settings, context.signal),
  embed: (request, context) => embed(request, context.settings, context.signal),
});
