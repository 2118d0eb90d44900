import { type FinishReason, ModelError, type ToolCall, type Usage, z } from '@anneal/plugins/kit';
import { toolInput } from '../providers/tool-input.ts';

const count = z.int().min(0);

export const usage = z.object({
  prompt_tokens: count,
  completion_tokens: count.default(0),
  prompt_tokens_details: z.object({ cached_tokens: count.nullish() }).nullish(),
});

const calledFunction = z.object({ name: z.string().nullish(), arguments: z.string().nullish() });
const partOfCall = z.object({ index: count.default(0), id: z.string().nullish(), function: calledFunction.nullish() });

/** What a message, or a piece of it, says. Reasoning, which some servers send beside, is no part of the answer. */
const said = z.object({
  content: z.string().nullish(),
  refusal: z.string().nullish(),
  tool_calls: z.array(partOfCall).nullish(),
});
export type Said = z.output<typeof said>;

/** A piece of a stream, or a whole completion from a server that does not stream. */
export const chunk = z.object({
  choices: z.array(z.object({ delta: said.nullish(), message: said.nullish(), finish_reason: z.string().nullish() })),
  usage: usage.nullish(),
});

export function usageOf(told: z.output<typeof usage>): Usage {
  const cached = told.prompt_tokens_details?.cached_tokens ?? undefined;
  return {
    inputTokens: told.prompt_tokens,
    outputTokens: told.completion_tokens,
    ...(cached !== undefined && { cacheReadTokens: cached }),
  };
}

export function finishReasonOf(told: string, hasCalls: boolean): FinishReason {
  if (told === 'length') return 'length';
  if (told === 'content_filter') return 'refusal';
  return hasCalls ? 'toolCalls' : 'stop';
}

/** Puts the calls of tools together from their pieces. */
export class ToolCalls {
  readonly #calls: { index: number; id: string | undefined; name: string; text: string }[] = [];

  add(parts: readonly z.output<typeof partOfCall>[]): void {
    for (const { index, id, function: called } of parts) {
      let call = this.#calls.findLast((one) => one.index === index);
      // Some servers number every call 0: another id is another call.
      if (!call || (id != null && call.id !== undefined && call.id !== id)) {
        call = { index, id: id ?? undefined, name: '', text: '' };
        this.#calls.push(call);
      }
      call.id ??= id ?? undefined;
      call.name += called?.name ?? '';
      call.text += called?.arguments ?? '';
    }
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /**
   * @param isCut the answer ended at its longest, maybe in the middle of a call, which is then left out
   * @throws ModelError MALFORMED_REPLY when the input of a call is no JSON object
   */
  whole(isCut: boolean): ToolCall[] {
    return this.#calls.flatMap(({ id, name, text }, position) => {
      const input = toolInput(text);
      if (input) return [{ id: id ?? `call_${position + 1}`, name, input }];
      if (isCut) return [];
      throw new ModelError(
        'MALFORMED_REPLY',
        `The model called the tool "${name}" with an input that is no JSON object. Try again, or use a model that is better with tools.`,
      );
    });
  }
}
