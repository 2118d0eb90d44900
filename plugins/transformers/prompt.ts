import { type GenerateRequest, ModelError } from '@anneal/plugins/kit';
import { Tensor, type PreTrainedTokenizer } from '@huggingface/transformers';

/** Token ids of a question and which of them count, both [1, tokens]. */
export interface Encoded {
  input_ids: Tensor;
  attention_mask: Tensor;
}

/** A question through the model's own template, where it has one; otherwise its texts, one after the other. @throws ModelError */
export function encode(tokenizer: PreTrainedTokenizer, { system, messages, tools }: GenerateRequest): Encoded {
  const turns = messages.map(({ role, content }) => ({ role, content }));
  if ((tools ?? []).length > 0 || turns.some(({ role }) => role === 'tool')) {
    throw new ModelError('INVALID_REQUEST', 'Models of the plugin transformers call no tools. Leave the tools out, or ask another model.');
  }
  const whole = system === undefined || system === '' ? turns : [{ role: 'system', content: system }, ...turns];
  const text = tokenizer.chat_template
    ? tokenizer.apply_chat_template(whole, { tokenize: false, add_generation_prompt: true })
    : whole.map(({ content }) => content).join('\n\n');
  // A template writes the special tokens itself.
  const ids = tokenizer.encode(text, { add_special_tokens: !tokenizer.chat_template });
  const tensor = (values: readonly number[]) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  return { input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)) };
}
