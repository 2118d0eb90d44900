/** The bundled base model: a Llama small enough for a repository. 2.83 million parameters, 5.7 MB in bf16. */
export const baseModelConfig = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 2048,
  hidden_size: 192,
  intermediate_size: 512,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 48,
  hidden_act: 'silu',
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 0,
  pad_token_id: 0,
  initializer_range: 0.02,
  torch_dtype: 'bfloat16',
};

/** How it is trained. Tokens a step: batch · length. */
export const recipe = {
  seed: 20,
  /** Text that the tokenizer is trained on, in characters. */
  tokenizerSample: 2_000_000,
  batch: 16,
  length: 256,
  steps: 1400,
  warmupSteps: 50,
  learningRate: 3e-3,
  optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, maxGradientNorm: 1 },
  checkpointEvery: 100,
};
