"""Golden values of rotary frequencies, from Hugging Face transformers.

Writes engine/models/golden/rope.json: for each case a config.json as a folder would hold it, a sequence length, and the
inverse frequencies and attention scale that LlamaRotaryEmbedding uses for it. Run from the repository's root in an
environment with torch and transformers:  python scripts/golden/rope.py
"""

import json

import torch
import transformers
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

OUTPUT = "engine/models/golden/rope.json"

shape = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 64,
    "hidden_size": 128,
    "intermediate_size": 96,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 128}
yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}

cases = [
    ("default", {}, 64),
    ("default, old theta", {"rope_theta": 500000.0}, 64),
    ("default, new theta", {"rope_parameters": {"rope_type": "default", "rope_theta": 100000.0}}, 64),
    ("default, explicit head size", {"head_dim": 24, "rope_theta": 10000.0}, 64),
    ("linear, old naming", {"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 2.5}}, 64),
    ("linear, new naming", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 20000.0}}, 64),
    ("dynamic, short", {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, 64),
    ("dynamic, long", {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, 1000),
    ("llama3, old naming", {"rope_theta": 500000.0, "rope_scaling": llama3}, 64),
    ("llama3, new naming", {"rope_parameters": {**llama3, "rope_theta": 10000.0}}, 64),
    ("llama3, original length left out", {"rope_scaling": {k: v for k, v in llama3.items() if not k.startswith("orig")}}, 64),
    ("llama3, original length outside", {"original_max_position_embeddings": 32, "rope_scaling": llama3}, 64),
    ("yarn", {"rope_scaling": yarn}, 64),
    ("yarn, new naming", {"rope_parameters": {**yarn, "rope_theta": 1000000.0, "beta_fast": 16, "beta_slow": 2}}, 64),
    ("yarn, attention factor", {"rope_scaling": {**yarn, "attention_factor": 1.25}}, 64),
    ("yarn, mscale", {"rope_scaling": {**yarn, "mscale": 0.7, "mscale_all_dim": 0.3}}, 64),
    ("yarn, not truncated", {"rope_scaling": {**yarn, "truncate": False, "beta_fast": 3.0}}, 64),
    ("yarn, ramp of no width", {"rope_scaling": {**yarn, "beta_fast": 500.0, "beta_slow": 400.0}}, 64),
]

golden = []
for name, fields, length in cases:
    config = {**shape, **fields}
    rotary = LlamaRotaryEmbedding(LlamaConfig(**json.loads(json.dumps(config))))
    rotary(torch.zeros(1, length, 128), torch.arange(length)[None])
    golden.append(
        {
            "name": name,
            "config": config,
            "sequenceLength": length,
            "inverse": rotary.inv_freq.tolist(),
            "attentionScale": float(rotary.attention_scaling),
        }
    )

with open(OUTPUT, "w") as file:
    json.dump({"script": "scripts/golden/rope.py", "transformers": transformers.__version__, "cases": golden}, file, indent=1)
    file.write("\n")
