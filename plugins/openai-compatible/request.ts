import type { GenerateRequest, Message } from '@anneal/plugins/kit';
import { isOpenAi } from './endpoint.ts';
import type { Endpoint } from './settings.ts';

/** A question as Chat Completions wants it (https://platform.openai.com/docs/api-reference/chat/create). */
export function chatBody(endpoint: Endpoint, model: string, request: GenerateRequest): Record<string, unknown> {
  const { system, messages, maxTokens, temperature, topP, stop, seed, tools } = request;
  const openAi = isOpenAi(endpoint);
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...messages.map(messageOf)],
    stream: true,
    stream_options: { include_usage: true },
    [openAi ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
    // 1 is what OpenAI takes by itself, and all that its reasoning models accept.
    ...((!openAi || temperature !== 1) && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(stop !== undefined && stop.length > 0 && { stop }),
    ...(seed !== undefined && { seed }),
    ...(tools !== undefined &&
      tools.length > 0 && {
        tools: tools.map(({ name, description, inputSchema }) => ({
          type: 'function',
          function: { name, description, parameters: inputSchema },
        })),
      }),
  };
}

function messageOf(message: Message): Record<string, unknown> {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: message.content };
    case 'assistant': {
      const calls = message.toolCalls ?? [];
      if (calls.length === 0) return { role: 'assistant', content: message.content };
      const toolCalls = calls.map(({ id, name, input }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(input) },
      }));
      return { role: 'assistant', content: message.content === '' ? null : message.content, tool_calls: toolCalls };
    }
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  }
}
