import { describe, expect, it } from 'vitest';
import type { LinearLayer } from '../models/tensor-list.ts';
import { chooseLayers, chooseTensors, isMeant, targetNames } from './names.ts';

const linear = (name: string): LinearLayer => ({ name, inputs: 8, outputs: 8, layout: 'out-in' });
const layers = [0, 1, 11].flatMap((layer) =>
  ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.up_proj'].map((part) => linear(`model.layers.${layer}.${part}`)),
);
const namesOf = (chosen: readonly LinearLayer[]) => chosen.map(({ name }) => name.replace('model.layers.', ''));
const tensors = ['model.embed_tokens.weight', 'model.layers.0.mlp.up_proj.weight', 'model.layers.0.mlp.up_proj.bias', 'model.norm.weight'];

describe('isMeant', () => {
  it.each([
    ['model.layers.1.mlp.up_proj', 'model.layers.1.mlp.up_proj', true],
    ['model.layers.1.mlp.up_proj', 'up_proj', true],
    ['model.layers.1.mlp.up_proj', 'mlp.up_proj', true],
    ['model.layers.1.mlp.up_proj', 'p_proj', false],
    ['model.layers.1.mlp.up_proj', 'mlp', false],
    ['model.layers.1.mlp.up_proj', 'layers.1.*', true],
    ['model.layers.11.mlp.up_proj', 'layers.1.*', false],
    ['model.layers.11.mlp.up_proj', 'layers.1*.mlp.*', true],
    ['model.layers.11.mlp.up_proj', '*', true],
    ['model.layers.11.mlp.up_proj', 'layers.*.q_proj', false],
    // Nothing but the star means anything.
    ['model.layers.11.mlp.up_proj', 'layers.1..mlp.up_proj', false],
    ['model.layers.11.mlp.up_proj', 'up_proj|q_proj', false],
  ])('%s, %s: %s', (name, pattern, expected) => expect(isMeant(name, pattern)).toBe(expected));

  it('is not slow for patterns that are made to be', () => {
    const pattern = `${'*a'.repeat(90)}b`;
    expect(isMeant('a'.repeat(5000), pattern)).toBe(false);
  });
});

describe('chooseLayers', () => {
  it('takes names, ends of names and patterns, in the order of the model, without what is excluded', () => {
    expect(namesOf(chooseLayers(layers, { targetModules: ['v_proj', 'layers.0.self_attn.q_proj'] }))).toEqual([
      '0.self_attn.q_proj',
      '0.self_attn.v_proj',
      '1.self_attn.v_proj',
      '11.self_attn.v_proj',
    ]);
    expect(chooseLayers(layers, { targetModules: ['all-linear'] })).toEqual(layers);
    expect(namesOf(chooseLayers(layers, { targetModules: ['all-linear'], excludeModules: ['layers.1*', 'q_proj'] }))).toEqual([
      '0.self_attn.v_proj',
      '0.mlp.up_proj',
    ]);
  });

  it('names what there is when a target matches nothing', () => {
    expect(() => chooseLayers(layers, { targetModules: ['q_proj', 'c_attn'] })).toThrow(
      'method.targetModules: The model has no layer named c_attn. Its linear layers are q_proj, v_proj, up_proj.',
    );
    expect(() => chooseLayers(layers, { targetModules: ['lm_head'] })).toThrow('list them under method.modulesToSave');
    expect(() => chooseLayers(layers, { targetModules: ['q_proj'], excludeModules: ['x'] })).toThrow(
      'method.excludeModules: The model has no',
    );
    expect(() => chooseLayers(layers, { targetModules: ['q_proj'], excludeModules: ['*'] })).toThrow('leaves no layer');
  });
});

it('tells PEFT the shortest names that mean the same layers', () => {
  expect(targetNames(layers, chooseLayers(layers, { targetModules: ['self_attn.*'] }))).toEqual(['q_proj', 'v_proj']);
  expect(targetNames(layers, chooseLayers(layers, { targetModules: ['layers.11.mlp.*'] }))).toEqual(['model.layers.11.mlp.up_proj']);
});

describe('chooseTensors', () => {
  it('takes whole modules, and containers', () => {
    expect(chooseTensors(tensors, ['norm', 'embed_tokens'])).toEqual(['model.embed_tokens.weight', 'model.norm.weight']);
    expect(chooseTensors(tensors, ['mlp'])).toEqual(['model.layers.0.mlp.up_proj.weight', 'model.layers.0.mlp.up_proj.bias']);
    expect(chooseTensors(tensors, [])).toEqual([]);
  });

  it('names what there is when one matches nothing', () => {
    expect(() => chooseTensors(tensors, ['score'])).toThrow(
      'method.modulesToSave: The model has no module named score. It has embed_tokens, up_proj, norm.',
    );
  });
});
