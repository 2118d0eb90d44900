import fs from 'node:fs';
import path from 'node:path';
import { createRandom, type Random } from './random.ts';
import { createSafetensorsFile } from './safetensors-file.ts';

/** A model folder and a PEFT folder to start from. */
export interface ModelFiles {
  model: string;
  adapter: string;
  parameters: number;
}

export const vocabulary = 49152;
/** SmolLM-135M, but for the number of layers. */
const smol = { vocabulary, hidden: 576, intermediate: 1536, heads: 9, keyValueHeads: 3, headDim: 64 };
const rank = 8;
const alpha = 16;

/** The linear layers of a block, [out, in]. */
const linears: [name: string, outputs: number, inputs: number][] = [
  ['self_attn.q_proj', smol.heads * smol.headDim, smol.hidden],
  ['self_attn.k_proj', smol.keyValueHeads * smol.headDim, smol.hidden],
  ['self_attn.v_proj', smol.keyValueHeads * smol.headDim, smol.hidden],
  ['self_attn.o_proj', smol.hidden, smol.heads * smol.headDim],
  ['mlp.gate_proj', smol.intermediate, smol.hidden],
  ['mlp.up_proj', smol.intermediate, smol.hidden],
  ['mlp.down_proj', smol.hidden, smol.intermediate],
];

type Fill = (random: Random) => () => number;
interface Tensor {
  name: string;
  shape: number[];
  fill: Fill;
}

const normal: Fill = (random) => () => 0.02 * random.normal();
const constant =
  (value: number): Fill =>
  () =>
  () =>
    value;
const uniform =
  (bound: number): Fill =>
  (random) =>
  () =>
    (2 * random.uniform() - 1) * bound;

/**
 * Makes a random model of SmolLM-135M's shape (Llama, 135M parameters with 30 layers) and a LoRA start (rank 8, alpha 16, all linears)
 * in `folder`, once for each number of layers.
 */
export function makeModel(folder: string, layers: number): ModelFiles {
  const model = path.join(folder, `smollm-${layers}-layers`);
  const adapter = path.join(folder, `smollm-${layers}-layers-lora`);
  const tensors = modelTensors(layers);
  once(model, (target) => {
    fs.writeFileSync(path.join(target, 'config.json'), JSON.stringify(modelConfig(layers), undefined, 2));
    write(path.join(target, 'model.safetensors'), tensors, 1);
  });
  once(adapter, (target) => {
    fs.writeFileSync(path.join(target, 'adapter_config.json'), JSON.stringify(adapterConfig(), undefined, 2));
    write(path.join(target, 'adapter_model.safetensors'), adapterTensors(layers), 2);
  });
  return { model, adapter, parameters: tensors.reduce((sum, tensor) => sum + count(tensor), 0) };
}

/** Fills a new folder and renames it into place, so that a half-made one is never taken for whole. */
function once(folder: string, fill: (target: string) => void): void {
  if (fs.existsSync(folder)) return;
  const aside = `${folder}.${process.pid}`;
  fs.mkdirSync(aside, { recursive: true });
  fill(aside);
  fs.renameSync(aside, folder);
}

const count = (tensor: Tensor) => tensor.shape.reduce((product, size) => product * size, 1);

function write(file: string, tensors: Tensor[], seed: number): void {
  const random = createRandom(seed);
  using output = createSafetensorsFile(file, tensors);
  for (const tensor of tensors) {
    const next = tensor.fill(random);
    output.append(Float32Array.from({ length: count(tensor) }, next));
  }
}

function modelTensors(layers: number): Tensor[] {
  const norm = (name: string): Tensor => ({ name, shape: [smol.hidden], fill: constant(1) });
  const block = (prefix: string): Tensor[] => [
    norm(`${prefix}.input_layernorm.weight`),
    norm(`${prefix}.post_attention_layernorm.weight`),
    ...linears.map(([name, outputs, inputs]) => ({ name: `${prefix}.${name}.weight`, shape: [outputs, inputs], fill: normal })),
  ];
  return [
    { name: 'model.embed_tokens.weight', shape: [smol.vocabulary, smol.hidden], fill: normal },
    ...Array.from({ length: layers }, (_, layer) => block(`model.layers.${layer}`)).flat(),
    norm('model.norm.weight'),
  ];
}

/** As PEFT starts: A uniform within 1/√in (Kaiming with a = √5), B zero. */
function adapterTensors(layers: number): Tensor[] {
  const block = (prefix: string): Tensor[] =>
    linears.flatMap(([name, outputs, inputs]) => [
      { name: `${prefix}.${name}.lora_A.weight`, shape: [rank, inputs], fill: uniform(1 / Math.sqrt(inputs)) },
      { name: `${prefix}.${name}.lora_B.weight`, shape: [outputs, rank], fill: constant(0) },
    ]);
  return Array.from({ length: layers }, (_, layer) => block(`base_model.model.model.layers.${layer}`)).flat();
}

function modelConfig(layers: number) {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: smol.vocabulary,
    hidden_size: smol.hidden,
    intermediate_size: smol.intermediate,
    num_hidden_layers: layers,
    num_attention_heads: smol.heads,
    num_key_value_heads: smol.keyValueHeads,
    head_dim: smol.headDim,
    hidden_act: 'silu',
    rms_norm_eps: 1e-5,
    rope_theta: 100000,
    max_position_embeddings: 2048,
    tie_word_embeddings: true,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 0,
    eos_token_id: 0,
    torch_dtype: 'float32',
  };
}

function adapterConfig() {
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    target_modules: linears.map(([name]) => name.split('.').at(-1)),
    inference_mode: false,
  };
}
