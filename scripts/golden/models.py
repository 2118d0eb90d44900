"""Makes the golden files of engine/golden with PyTorch, transformers and PEFT: tiny random models of every family and what those libraries compute with them.

  python3 -m venv venv && venv/bin/pip install torch transformers peft
  venv/bin/python scripts/golden/models.py [--out engine/golden] [--only CASE,CASE]

Everything is computed in fp32 on one thread with eager attention. What the files hold: engine/golden/README.md.
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GemmaConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
    get_linear_schedule_with_warmup,
)

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SMALL = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2)
# The rope cases share no weights but are as small as can be: their point is the position encoding.
ROPE = {**SMALL, "intermediate_size": 32, "num_key_value_heads": 1, "tie_word_embeddings": True}
# The other families: sequences go well beyond the sliding window.
FAMILY = {**SMALL, "intermediate_size": 32, "num_key_value_heads": 2, "max_position_embeddings": 64, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}
GPT2 = dict(vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2)

# name → class of the configuration (Llama's if left out), configuration, sequence length, and what else to compute. New cases go to the end: seeds follow the order.
CASES = {
    "gqa-tied": dict(
        config={**SMALL, "num_key_value_heads": 2, "tie_word_embeddings": True, "max_position_embeddings": 64, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        length=16, full=True, generate=True, trainings=["lora", "lora-accumulated", "full"],
    ),
    "mha-untied-biased": dict(
        config={**SMALL, "num_key_value_heads": 4, "tie_word_embeddings": False, "attention_bias": True, "mlp_bias": True, "rms_norm_eps": 1e-6, "max_position_embeddings": 64,
                "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
        length=16, full=True, generate=True, trainings=["lora-scheduled"],
    ),
    # head_dim is not hidden_size / heads.
    "rope-linear": dict(
        config={**ROPE, "head_dim": 16, "max_position_embeddings": 64, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}}, length=24, old_config=True,
    ),
    "rope-dynamic": dict(
        # Longer than max_position_embeddings: only then does dynamic scaling change anything.
        config={**ROPE, "max_position_embeddings": 16, "rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}}, length=24,
    ),
    "rope-llama3": dict(
        config={**ROPE, "max_position_embeddings": 128,
                "rope_parameters": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 10000.0}},
        length=24, old_config=True,
    ),
    "rope-yarn": dict(
        config={**ROPE, "max_position_embeddings": 64,
                "rope_parameters": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32.0, "beta_slow": 1.0, "rope_theta": 10000.0}},
        length=24,
    ),
    # The same model as bf16 in two files with an index, as the hub keeps large models; computed in fp32 from the rounded weights.
    "sharded-bf16": dict(
        config={**SMALL, "intermediate_size": 32, "num_key_value_heads": 2, "tie_word_embeddings": False, "max_position_embeddings": 64, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        length=16, sharded_bf16=True,
    ),
    "mistral": dict(kind=MistralConfig, config={**FAMILY, "sliding_window": 6, "tie_word_embeddings": False}, length=20, generate=True),
    # The first layer sees everything, the second looks through a window.
    "qwen2": dict(
        kind=Qwen2Config, config={**FAMILY, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1, "tie_word_embeddings": True}, length=20, generate=True, trainings=["lora"],
    ),
    # head_dim is not hidden_size / heads.
    "qwen3": dict(kind=Qwen3Config, config={**FAMILY, "head_dim": 16, "tie_word_embeddings": True}, length=20, full=True, generate=True, trainings=["lora"]),
    # The layer in the middle does not rotate, and is the one with a window.
    "smollm3": dict(
        kind=SmolLM3Config,
        config={**FAMILY, "num_hidden_layers": 3, "no_rope_layers": [1, 0, 1], "use_sliding_window": True, "sliding_window": 6, "tie_word_embeddings": True, "pad_token_id": 0},
        length=20, generate=True,
    ),
    "gemma": dict(kind=GemmaConfig, config={**FAMILY, "head_dim": 16, "tie_word_embeddings": True}, length=20, generate=True),
    # Two layers with a window and rotary positions of their own, one without; scores are not divided by the root of head_dim.
    "gemma3": dict(
        kind=Gemma3TextConfig,
        config={**FAMILY, "num_hidden_layers": 3, "head_dim": 16, "query_pre_attn_scalar": 24, "sliding_window": 6, "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
                "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}},
                "tie_word_embeddings": True},
        length=20, generate=True,
    ),
    "gpt2": dict(kind=GPT2Config, config=GPT2, length=20, full=True, generate=True, trainings=["lora"]),
    "gpt2-untied": dict(
        kind=GPT2Config, config={**GPT2, "n_embd": 16, "n_head": 2, "n_inner": 24, "scale_attn_by_inverse_layer_idx": True, "tie_word_embeddings": False}, length=16,
    ),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "engine" / "golden")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for index, (name, case) in enumerate(CASES.items()):
        if arguments.only and name not in arguments.only.split(","):
            continue
        folder = arguments.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make_case(folder, name, case, seed=1000 + index)
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        print(f"{name}: {size / 1024:.0f} KB")


def make_case(folder, name, case, seed):
    torch.manual_seed(seed)
    make_model(folder, case)
    load = lambda: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    make_adapter(folder, load(), ["c_attn", "c_proj", "c_fc"] if case.get("kind") is GPT2Config else LINEARS)
    load_lora = lambda: PeftModel.from_pretrained(load(), folder / "adapter", is_trainable=True)

    batch = make_batch(case["config"]["vocab_size"], case["length"], lengths=[case["length"], case["length"] - 5], prompts=[4, 3])
    tensors, scalars = {}, {"case": name, "versions": versions(), "batch": as_lists(batch)}

    base = load()
    if case.get("full"):
        loss, tensors["logits"], gradients = backward(base, batch)
        scalars |= {"loss": loss, "gradientNorm": norm(gradients)}
        tensors |= {f"gradient.{key}": value for key, value in gradients.items()}
    else:
        with torch.no_grad():
            output = base(**batch, use_cache=False)
        tensors["logits"], scalars["loss"] = output.logits, output.loss.item()

    loss, tensors["lora.logits"], gradients = backward(load_lora(), batch)
    scalars["lora"] = {"loss": loss, "gradientNorm": norm(gradients)}
    tensors |= {f"lora.gradient.{key.replace('.default', '')}": value for key, value in gradients.items()}

    if case.get("generate"):
        scalars["generation"] = {"base": generate(load()), "lora": generate(load_lora())}
    scalars["trainings"] = {}
    for kind in case.get("trainings", []):
        scalars["trainings"][kind], final = TRAININGS[kind](load if kind == "full" else load_lora, case)
        tensors |= {f"training.{kind}.{key}": value for key, value in final.items()}

    save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, folder / "golden.safetensors")
    (folder / "golden.json").write_text(rows_on_one_line(json.dumps(scalars, indent=1)) + "\n")
    for file in folder.rglob("*.safetensors"):
        file.chmod(0o644)


def make_model(folder, case):
    """A Hugging Face folder with random weights, large enough to make every part of the model matter."""
    kind = case.get("kind", LlamaConfig)
    model = AutoModelForCausalLM.from_config(kind(**case["config"]))
    gemma = kind in (GemmaConfig, Gemma3TextConfig)
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            if tensor.dim() == 1 and key.endswith(".weight"):
                # Gemma stores what is added to one.
                tensor.copy_((0 if gemma else 1) + 0.2 * torch.randn_like(tensor))
            elif key.endswith(".bias"):
                tensor.copy_(0.1 * torch.randn_like(tensor))
            elif any(table in key for table in ("embed", "wte", "wpe")):
                tensor.copy_(0.5 * torch.randn_like(tensor) / (tensor.shape[1] ** 0.5 if gemma else 1))
            else:
                inputs = tensor.shape[0 if kind is GPT2Config and key != "lm_head.weight" else 1]
                tensor.copy_(1.5 * torch.randn_like(tensor) / inputs**0.5)
    if case.get("sharded_bf16"):
        model.to(torch.bfloat16).save_pretrained(folder, max_shard_size=24_000)
    else:
        model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if case.get("old_config"):
        write_old_config(folder / "config.json")


def write_old_config(path):
    """The way transformers wrote it before version 5, and most published models have it: rope_theta and rope_scaling side by side."""
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make_adapter(folder, model, linears):
    """A PEFT folder with LoRA on all linears; B is not zero, so that every LoRA tensor has a gradient."""
    lora = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, task_type="CAUSAL_LM", target_modules=linears))
    with torch.no_grad():
        for key, tensor in lora.named_parameters():
            if "lora_A" in key:
                tensor.copy_(torch.randn_like(tensor) / tensor.shape[1] ** 0.5)
            elif "lora_B" in key:
                tensor.copy_(0.1 * torch.randn_like(tensor))
    lora.peft_config["default"].base_model_name_or_path = ""
    lora.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink(missing_ok=True)
    sort_lists(folder / "adapter" / "adapter_config.json")


def sort_lists(path):
    """PEFT writes sets in no fixed order."""
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}, indent=2) + "\n")


def make_batch(vocabulary, length, lengths, prompts):
    """Random rows, padded on the right; no loss on the prompt and the padding."""
    ids = torch.randint(3, vocabulary, (len(lengths), length))
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, -100)
    for row, (end, prompt) in enumerate(zip(lengths, prompts)):
        ids[row, end:] = 0
        mask[row, :end] = 1
        labels[row, prompt:end] = ids[row, prompt:end]
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def backward(model, batch):
    output = model(**batch, use_cache=False)
    output.loss.backward()
    return output.loss.item(), output.logits, {key: tensor.grad for key, tensor in trained(model)}


def trained(model):
    return [(key, tensor) for key, tensor in model.named_parameters() if tensor.requires_grad]


def norm(gradients):
    return torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients.values()])).item()


def train(model, steps, vocabulary, decay=0.0, decayed=lambda key: True, schedule=None, clip=1.0):
    """AdamW over `steps`, a list of lists of micro-batches. The loss of a step is the mean over all its target tokens."""
    groups = [
        {"params": [tensor for key, tensor in trained(model) if decayed(key)], "weight_decay": decay},
        {"params": [tensor for key, tensor in trained(model) if not decayed(key)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]], lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    scheduler = schedule(optimizer) if schedule else None
    record = {"learningRates": [], "losses": [], "gradientNorms": [], "targets": [], "batches": [[as_lists(batch) for batch in step] for step in steps]}
    for step in steps:
        targets = sum(int((batch["labels"][:, 1:] != -100).sum()) for batch in step)
        total = 0.0
        for batch in step:
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, vocabulary), batch["labels"][:, 1:].reshape(-1), ignore_index=-100, reduction="sum") / targets
            loss.backward()
            total += loss.item()
        record["learningRates"].append(optimizer.param_groups[0]["lr"])
        record["losses"].append(total)
        record["targets"].append(targets)
        record["gradientNorms"].append(torch.nn.utils.clip_grad_norm_([tensor for _, tensor in trained(model)], clip).item())
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if scheduler:
            scheduler.step()
    return {"steps": len(steps), "weightDecay": decay, "maxGradientNorm": clip, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, **record}


def steps_of(case, count, micro_batches=1):
    """Batches of unequal numbers of targets."""
    length, vocabulary = case["length"], case["config"]["vocab_size"]
    batch = lambda i: make_batch(vocabulary, length, lengths=[length - i % 3, length - 2 - (i * 5) % 7], prompts=[2 + i % 4, 1 + (i * 3) % 8])
    return [[batch(step * micro_batches + i) for i in range(micro_batches)] for step in range(count)]


def train_lora(load, case):
    model = load()
    record = train(model, steps_of(case, 8), case["config"]["vocab_size"])
    return record, get_peft_model_state_dict(model)


def train_lora_accumulated(load, case):
    model = load()
    record = train(model, steps_of(case, 4, micro_batches=3), case["config"]["vocab_size"])
    return record, get_peft_model_state_dict(model)


def train_lora_scheduled(load, case):
    model = load()
    linear = lambda optimizer: get_linear_schedule_with_warmup(optimizer, num_warmup_steps=2, num_training_steps=8)
    record = train(model, steps_of(case, 8), case["config"]["vocab_size"], decay=0.01, schedule=linear)
    return {"schedule": "linear", "warmupSteps": 2, **record}, get_peft_model_state_dict(model)


def train_full(load, case):
    """Every parameter; weight decay on matrices only."""
    model = load()
    for _, tensor in model.named_parameters():
        tensor.requires_grad_(True)
    record = train(model, steps_of(case, 8), case["config"]["vocab_size"], decay=0.01, decayed=lambda key: "norm" not in key and not key.endswith(".bias"))
    kept = ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight", "model.layers.0.input_layernorm.weight", "model.norm.weight"]
    state = model.state_dict()
    return record, {key: state[key] for key in kept}


TRAININGS = {"lora": train_lora, "lora-accumulated": train_lora_accumulated, "lora-scheduled": train_lora_scheduled, "full": train_full}


def generate(model, count=20):
    """Greedy; `margin` is the smallest distance between the best and the second best logit: far above rounding errors, or the case is worthless."""
    prompt = torch.tensor([[1, 17, 42, 5, 23]])
    output = model.generate(
        input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=count, do_sample=False, eos_token_id=None, pad_token_id=0, output_logits=True, return_dict_in_generate=True
    )
    best = torch.stack([logits[0].topk(2).values for logits in output.logits])
    margin = (best[:, 0] - best[:, 1]).min().item()
    assert margin > 1e-3, f"the greedy choice is too close ({margin}): use another seed"
    return {"prompt": prompt[0].tolist(), "tokens": output.sequences[0, prompt.shape[1]:].tolist(), "margin": margin}


def rows_on_one_line(text):
    return re.sub(r"\[[-+.\deE,\s]+\]", lambda row: re.sub(r"\s+", "", row.group()).replace(",", ", "), text)


def as_lists(batch):
    return {key: tensor.tolist() for key, tensor in batch.items()}


def versions():
    return {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__, "peft": peft.__version__}


if __name__ == "__main__":
    main()
