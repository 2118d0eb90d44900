import { Template } from '@huggingface/jinja';
import { EngineError } from '../errors.ts';

/** One turn of a conversation. */
export interface ChatMessage {
  role: string;
  content: string;
}

export interface ChatTemplateOptions {
  /** End with what opens the assistant's turn. Default false. */
  addGenerationPrompt?: boolean;
}

export type ChatTemplate = (messages: readonly ChatMessage[], options?: ChatTemplateOptions) => string;

/**
 * Compiles a chat template (Jinja, as Hugging Face tokenizers carry it). Rendering throws an EngineError
 * `DATASET_INVALID` where the template refuses a conversation, e.g. because of the order of its roles.
 * @param specialTokens `bos_token`, `eos_token`, … for the template to write
 * @throws EngineError `TOKENIZER_BROKEN` where the template is not valid
 */
export function compileChatTemplate(folder: string, source: string, specialTokens: Record<string, string>): ChatTemplate {
  const template = parse(folder, source);
  return (messages, { addGenerationPrompt = false } = {}) => {
    try {
      return template.render({
        ...specialTokens,
        messages: messages.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: addGenerationPrompt,
        tools: null,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EngineError('DATASET_INVALID', `The model's chat template refuses the conversation: ${reason}`, { cause: error });
    }
  };
}

function parse(folder: string, source: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('TOKENIZER_BROKEN', `The chat template of ${folder} is not a valid Jinja template: ${reason}`, { cause: error });
  }
}
