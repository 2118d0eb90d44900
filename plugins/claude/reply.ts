import { type FinishReason, type Usage, z } from '@anneal/plugins/kit';

const count = z.int().min(0);
const usage = z.object({
  input_tokens: count.nullish(),
  output_tokens: count.nullish(),
  cache_read_input_tokens: count.nullish(),
  cache_creation_input_tokens: count.nullish(),
});
type ToldUsage = z.output<typeof usage>;

/** What is read of the events of a stream (https://platform.claude.com/docs/en/build-with-claude/streaming). */
export const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_start'), message: z.object({ usage }) }),
  z.object({
    type: z.literal('content_block_start'),
    index: count,
    content_block: z.union([z.object({ type: z.literal('tool_use'), id: z.string(), name: z.string() }), z.object({ type: z.string() })]),
  }),
  z.object({
    type: z.literal('content_block_delta'),
    index: count,
    delta: z.union([
      z.object({ type: z.literal('text_delta'), text: z.string() }),
      z.object({ type: z.literal('input_json_delta'), partial_json: z.string() }),
      // Thinking and its signatures are no part of the answer.
      z.object({ type: z.string() }),
    ]),
  }),
  z.object({ type: z.literal('content_block_stop'), index: count }),
  z.object({ type: z.literal('message_delta'), delta: z.object({ stop_reason: z.string().nullable() }), usage: usage.nullish() }),
  z.object({ type: z.literal('message_stop') }),
]);

/** Kinds of events may be added to the protocol; those are passed over. */
export const knownEvents: ReadonlySet<string> = new Set(event.options.map(({ shape }) => shape.type.value));

/** The figures of later events replace those of earlier ones. Anthropic counts what its cache gave or took apart from the other input. */
export function usageOf(told: readonly ToldUsage[]): Usage {
  const last = (name: keyof ToldUsage) => told.findLast((one) => one[name] != null)?.[name] ?? 0;
  const [cacheReadTokens, cacheWriteTokens] = [last('cache_read_input_tokens'), last('cache_creation_input_tokens')];
  return {
    inputTokens: last('input_tokens') + cacheReadTokens + cacheWriteTokens,
    outputTokens: last('output_tokens'),
    cacheReadTokens,
    cacheWriteTokens,
  };
}

export function finishReasonOf(stopReason: string): FinishReason {
  switch (stopReason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'toolCalls';
    case 'refusal':
      return 'refusal';
    default:
      return 'stop';
  }
}
