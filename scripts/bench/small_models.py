"""What `compare-losses.ts` works on: a small random model of a family, and a LoRA adapter for it made by PEFT.

  python small_models.py --family llama|qwen2|qwen3|gpt2 --out DIR

Writes DIR/model, a Hugging Face folder (hidden size 128, 4 layers, a vocabulary of 512), and DIR/adapter, a PEFT folder: rank 8, alpha 16
on all linear layers. Its B is not zero, so that every tensor has a gradient from the first step on.
"""

import argparse
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ROTARY = dict(
    vocab_size=512, hidden_size=128, intermediate_size=344, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
    tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
)
FAMILIES = {
    "llama": (LlamaConfig(**ROTARY), LINEARS),
    "qwen2": (Qwen2Config(**ROTARY), LINEARS),
    # head_dim is not hidden_size / heads.
    "qwen3": (Qwen3Config(**ROTARY, head_dim=64), LINEARS),
    "gpt2": (
        GPT2Config(vocab_size=512, n_positions=256, n_embd=128, n_layer=4, n_head=4, bos_token_id=1, eos_token_id=2, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0),
        ["c_attn", "c_proj", "c_fc"],
    ),
}

parser = argparse.ArgumentParser()
parser.add_argument("--family", choices=FAMILIES, required=True)
parser.add_argument("--out", type=Path, required=True)
arguments = parser.parse_args()
config, targets = FAMILIES[arguments.family]
torch.manual_seed(7)

model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
with torch.no_grad():
    for name, parameter in model.named_parameters():
        # They start at zero, where a mistake with them would not show.
        if name.endswith("bias"):
            parameter.normal_(std=0.02)
model.save_pretrained(arguments.out / "model")

adapted = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets, fan_in_fan_out=arguments.family == "gpt2", task_type="CAUSAL_LM"))
with torch.no_grad():
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            parameter.normal_(std=0.02)
adapted.save_pretrained(arguments.out / "adapter")
