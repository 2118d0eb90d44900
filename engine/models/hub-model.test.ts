import { describe, expect, it } from 'vitest';
import { chooseModelFiles, findHubModel } from './hub-model.ts';

const choose = (...paths: string[]) =>
  chooseModelFiles(
    'ada/model',
    paths.map((path) => ({ path, size: 1 })),
  ).map(({ path }) => path);

describe('the files of a model on the Hub', () => {
  it('are configuration, tokenizer, licence and safetensors, the weights last', () => {
    expect(
      choose(
        'model.safetensors',
        'README.md',
        'config.json',
        'tokenizer.json',
        'LICENSE',
        'merges.txt',
        'chat_template.jinja',
        'generation_config.json',
      ),
    ).toEqual([
      'config.json',
      'tokenizer.json',
      'LICENSE',
      'merges.txt',
      'chat_template.jinja',
      'generation_config.json',
      'model.safetensors',
    ]);
  });

  it('are the shards where the weights lie in several files, and not both', () => {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const index = 'model.safetensors.index.json';
    expect(choose('config.json', index, ...shards)).toEqual(['config.json', index, ...shards]);
    expect(choose('config.json', index, 'model.safetensors', ...shards)).toEqual(['config.json', 'model.safetensors']);
  });

  it('are none that could run code, and none of another format', () => {
    const wanted = ['config.json', 'model.safetensors'];
    expect(
      choose(...wanted, 'modeling.py', 'pytorch_model.bin', 'onnx/model.onnx', 'original/config.json', 'adapter_model.safetensors'),
    ).toEqual(wanted);
  });

  it.each([
    [['config.json', 'pytorch_model.bin', 'tf_model.h5'], /only as pytorch_model\.bin, tf_model\.h5, which could run code/],
    [['config.json', 'model.gguf'], /in no form that is read/],
    [['model.safetensors'], /has no config\.json/],
  ])('%j are refused', (paths, message) => expect(() => choose(...paths)).toThrow(message));

  it.each(['', 'a/b/c', '../x', 'ada/..', 'ada/a b', 'https://hub/ada/x'])('"%s" names none', async (id) => {
    await expect(findHubModel(id, 'main')).rejects.toThrow('names no model on the Hub');
  });
});
