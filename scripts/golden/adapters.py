"""Makes engine/adapters/golden: variants of LoRA as PEFT saves them, and what PEFT computes with them.

  venv/bin/python scripts/golden/adapters.py

Base models are those of engine/golden. Each case is a PEFT folder with golden.json (a batch, its loss, and a short training from
there) and golden.safetensors (logits, and the gradient of every trained tensor at the start). Tensors that start at zero or at a
norm are moved away from there first, so that nothing agrees by accident. Computed in fp32 on one thread with eager attention.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

ROOT = Path(__file__).resolve().parents[2] / "engine"
OUT = ROOT / "adapters" / "golden"
VOCABULARY, LENGTH, STEPS, RATE = 64, 14, 5, 2e-3

# name → base model and what LoraConfig is given.
CASES = {
    "rslora": ("gqa-tied", dict(use_rslora=True, target_modules=r".*layers\.\d+\.(self_attn\.(q|v)_proj|mlp\.down_proj)")),
    "dora": ("mha-untied-biased", dict(use_dora=True, target_modules=["q_proj", "k_proj", "o_proj", "up_proj", "down_proj"])),
    "dora-conv1d": ("gpt2", dict(use_dora=True, fan_in_fan_out=True, target_modules=["c_attn", "c_fc", "mlp.c_proj"])),
    "whole": ("mha-untied-biased", dict(target_modules=["model.layers.1.self_attn.v_proj", "gate_proj"], modules_to_save=["lm_head", "model.norm"])),
    "whole-tied": ("gqa-tied", dict(target_modules="all-linear", modules_to_save=["embed_tokens"], ensure_weight_tying=True)),
    "value": ("gqa-tied", dict(target_modules=["q_proj", "down_proj"], task_type="SEQ_CLS")),
}


def make_batch(generator, first):
    ids = torch.randint(3, VOCABULARY, (2, LENGTH), generator=generator)
    labels, mask = ids.clone(), torch.ones_like(ids)
    labels[0, :3], labels[1, :5] = -100, -100
    ids[1, LENGTH - first:], labels[1, LENGTH - first:], mask[1, LENGTH - first:] = 0, -100, 0
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def engine_name(key):
    """The name that the engine has for a parameter of PEFT's model."""
    for part in ("base_model.model.", ".modules_to_save.default", ".default"):
        key = key.replace(part, "", 1)
    return key.removesuffix(".weight") if "lora_magnitude_vector" in key else key


def trained(model):
    return {engine_name(key): value for key, value in model.named_parameters() if value.requires_grad}


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for index, (name, (base, settings)) in enumerate(CASES.items()):
        torch.manual_seed(300 + index)
        generator = torch.Generator().manual_seed(400 + index)
        settings = {"task_type": "CAUSAL_LM", **settings}
        values = settings["task_type"] == "SEQ_CLS"
        kind = AutoModelForSequenceClassification if values else AutoModelForCausalLM
        extra = {"num_labels": 1, "pad_token_id": 0} if values else {}
        load = lambda: kind.from_pretrained(ROOT / "golden" / base, dtype=torch.float32, attn_implementation="eager", **extra).eval()
        folder = OUT / name
        shutil.rmtree(folder, ignore_errors=True)

        start = get_peft_model(load(), LoraConfig(r=4, lora_alpha=6, **settings))
        with torch.no_grad():
            for key, value in trained(start).items():
                if "lora_magnitude_vector" in key:
                    value.mul_(1 + 0.3 * torch.rand(value.shape, generator=generator))
                elif "lora_A" not in key:
                    value.add_(0.1 * torch.randn(value.shape, generator=generator))
        start.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        tidy(folder / "adapter_config.json")

        model = PeftModel.from_pretrained(load(), folder, is_trainable=True).eval()
        batches = [make_batch(generator, 2 + step % 3) for step in range(STEPS)]
        record = {"base": base, "batches": [{key: value.tolist() for key, value in batch.items()} for batch in batches]}
        if values:
            scored = {key: batches[0][key] for key in ("input_ids", "attention_mask")}
            tensors = {"logits": model(**scored, use_cache=False).logits}
        else:
            tensors, losses = train(model, batches)
            record |= losses
        save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, folder / "golden.safetensors")
        (folder / "golden.json").write_text(json.dumps(record) + "\n")
        for file in folder.glob("*.safetensors"):
            file.chmod(0o644)
        print(name, record.get("losses"), sum(file.stat().st_size for file in folder.iterdir()) // 1024, "KB")


def train(model, batches):
    parameters = trained(model)
    optimizer = torch.optim.AdamW(parameters.values(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    tensors, losses, norms = {}, [], []
    for batch in batches:
        output = model(**batch, use_cache=False)
        output.loss.backward()
        if not losses:
            tensors = {"logits": output.logits, **{f"gradient.{key}": value.grad.clone() for key, value in parameters.items()}}
        losses.append(output.loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0).item())
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return tensors, {"learningRate": RATE, "losses": losses, "gradientNorms": norms}


def tidy(path):
    """PEFT writes sets in no fixed order, and the path of the base model."""
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = ""
    path.write_text(json.dumps({key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
