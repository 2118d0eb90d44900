import { type ToolCall, z } from '@anneal/plugins/kit';

const object = z.record(z.string(), z.json());

/** The input of a call of a tool from its text; none at all means that the tool takes none. undefined: it is no JSON object. */
export function toolInput(text: string): ToolCall['input'] | undefined {
  try {
    return object.safeParse(text.trim() === '' ? {} : JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
