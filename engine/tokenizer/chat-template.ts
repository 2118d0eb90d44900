import { Template } from '@huggingface/jinja';
import { EngineError } from '../errors.ts';

/** One turn of a conversation, as chat templates know it: the fields of OpenAI's messages. */
export interface ChatMessage {
  role: string;
  content: string;
  /** What an assistant calls instead of, or beside, answering. */
  tool_calls?: readonly ToolCall[];
  /** Which call a message of the role `tool` answers. */
  tool_call_id?: string;
  name?: string;
  /** What a reasoning model thinks before it answers. */
  reasoning_content?: string;
}

export interface ToolCall {
  id?: string;
  type: 'function';
  /** Templates expect the arguments as an object, not as JSON text. */
  function: { name: string; arguments: Readonly<Record<string, unknown>> };
}

export interface ChatTemplateOptions {
  /** End with what opens the assistant's turn. Default false. */
  addGenerationPrompt?: boolean;
  /** JSON schemas of the functions that may be called. */
  tools?: readonly unknown[];
}

export type ChatTemplate = (messages: readonly ChatMessage[], options?: ChatTemplateOptions) => string;

/**
 * Compiles a chat template (Jinja, as Hugging Face tokenizers carry it). Rendering throws an EngineError
 * `DATASET_INVALID` where the template refuses a conversation, e.g. because of the order of its roles.
 * @param specialTokens `bos_token`, `eos_token`, … for the template to write
 * @param toolSource the template for conversations with tools, where it is another one
 * @throws EngineError `TOKENIZER_BROKEN` where the template is not valid
 */
export function compileChatTemplate(
  folder: string,
  source: string,
  specialTokens: Record<string, string>,
  toolSource: string | null = null,
): ChatTemplate {
  const plain = parse(folder, source);
  const withTools = toolSource === null ? plain : parse(folder, toolSource);
  return (messages, { addGenerationPrompt = false, tools } = {}) => {
    const hasTools = tools !== undefined && tools.length > 0;
    try {
      return (hasTools ? withTools : plain).render({
        ...specialTokens,
        messages: messages.map(fieldsOf),
        add_generation_prompt: addGenerationPrompt,
        tools: hasTools ? tools : null,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EngineError('DATASET_INVALID', `The model's chat template refuses the conversation: ${reason}`, { cause: error });
    }
  };
}

/** Only what a message has: templates ask whether a field is defined. */
function fieldsOf({ role, content, tool_calls, tool_call_id, name, reasoning_content }: ChatMessage): Record<string, unknown> {
  const optional = { tool_calls, tool_call_id, name, reasoning_content };
  return { role, content, ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) };
}

function parse(folder: string, source: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('TOKENIZER_BROKEN', `The chat template of ${folder} is not a valid Jinja template: ${reason}`, { cause: error });
  }
}
