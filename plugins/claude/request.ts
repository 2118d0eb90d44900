import type { GenerateRequest, Message } from '@anneal/plugins/kit';
import type Anthropic from '@anthropic-ai/sdk';

type Block = Anthropic.ContentBlockParam;
type Turn = { role: 'user' | 'assistant'; content: Block[] };

/** Shorter beginnings are below what Anthropic keeps (1,024 tokens and more), and would only cost more. Characters. */
const worthKeeping = 4000;
const keep = { cache_control: { type: 'ephemeral' } } as const;

/** What both a question and a count of its tokens are made of. */
export interface Asked {
  model: string;
  system?: Anthropic.TextBlockParam[];
  messages: Turn[];
  tools?: Anthropic.Tool[];
}

/**
 * A question as the Messages API wants it. Temperature, topP and seed are not in its protocol.
 * @param caching marks the system prompt with the tools, and the conversation up to its last turn, to be kept where they are long enough
 */
export function asked(request: GenerateRequest, caching: boolean): Asked {
  const tools = (request.tools ?? []).map(({ name, description, inputSchema }) => ({
    name,
    description,
    input_schema: { ...inputSchema, type: 'object' as const },
  }));
  const turns = turnsOf(request.messages);
  const system = request.system === undefined || request.system === '' ? undefined : request.system;
  let length = JSON.stringify(tools).length + (system?.length ?? 0);
  const keepsSystem = caching && system !== undefined && length >= worthKeeping;
  const last = turns.at(-2);
  length += turns.slice(0, -1).reduce((sum, turn) => sum + lengthOf(turn), 0);
  if (caching && last && length >= worthKeeping) last.content = marked(last.content);
  return {
    model: request.model,
    ...(system !== undefined && { system: [{ type: 'text', text: system, ...(keepsSystem && keep) }] }),
    messages: turns,
    ...(tools.length > 0 && { tools }),
  };
}

/** Results of tools that follow each other belong into one turn, and so does what the user says after them. */
function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocksOf(message));
    else turns.push({ role, content: blocksOf(message) });
  }
  return turns;
}

function blocksOf(message: Message): Block[] {
  switch (message.role) {
    case 'user':
      return [{ type: 'text', text: message.content }];
    case 'assistant': {
      const calls = (message.toolCalls ?? []).map((call) => ({ type: 'tool_use' as const, ...call }));
      return message.content === '' && calls.length > 0 ? calls : [{ type: 'text', text: message.content }, ...calls];
    }
    case 'tool':
      return [{ type: 'tool_result', tool_use_id: message.toolCallId, content: message.content, is_error: message.isError ?? false }];
  }
}

const lengthOf = ({ content }: Turn): number => JSON.stringify(content).length;

const marked = (content: readonly Block[]): Block[] =>
  content.map((block, index) => (index === content.length - 1 ? { ...block, ...keep } : block));
