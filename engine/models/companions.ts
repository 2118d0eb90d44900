import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { flush } from '../weights/durable.ts';

/** Files beside the weights that make a model folder complete: tokenizer, templates, generation settings, licence. */
const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
  'generation_config.json',
];
const legalFile = /^(LICENSE|LICENCE|NOTICE|USE_POLICY)(\.(md|txt))?$/i;

/**
 * Takes along, byte for byte, what belongs to a model beside its weights and config.json.
 * @param from the folder of the model. @param to another folder
 * @param more names of other files to take where they are there
 */
export async function copyCompanions(from: string, to: string, more: readonly string[] = []): Promise<void> {
  for (const name of await readdir(from)) {
    if (!tokenizerFiles.includes(name) && !more.includes(name) && !legalFile.test(name)) continue;
    const target = path.join(to, name);
    await copyFile(path.join(from, name), target);
    await flush(target);
  }
}
