import { defineCodeGenerator } from '@anneal/plugins/kit';
import { settings } from './settings.ts';
import { suggest } from './suggest.ts';

export default defineCodeGenerator({
  settings,
  suggest: (request, context) => suggest(request, context.settings, context.signal),
});
