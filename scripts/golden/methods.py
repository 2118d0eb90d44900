"""Makes engine/methods/golden: what PyTorch makes of the losses that learn from pairs of answers, written out from the papers.

  venv/bin/python scripts/golden/methods.py

Base model and adapter are those of engine/golden/gqa-tied; the reference model is the base without the adapter. Each case has some
optimizer steps of two micro-batches of two or three pairs. For the first step there are also the gradients of every trained tensor.
Everything is computed in fp32 on one thread with eager attention.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).resolve().parents[2] / "engine"
MODEL = ROOT / "golden" / "gqa-tied"
OUT = ROOT / "methods" / "golden"
VOCABULARY, STEPS, RATE = 64, 5, 2e-3


def pair(generator):
    """A prompt and two answers of unequal lengths."""
    draw = lambda low, high: torch.randint(low, high, (1,), generator=generator).item()
    ids = lambda count: torch.randint(3, VOCABULARY, (count,), generator=generator).tolist()
    prompt = ids(draw(2, 6))
    answer = lambda: {"ids": (row := prompt + ids(draw(2, 9))), "labels": [-100] * len(prompt) + row[len(prompt):]}
    return {"chosen": answer(), "rejected": answer()}


def states(model, sequence):
    """Hidden states after the last norm, of one sequence by itself: no padding, no batch. [length, hidden]"""
    return model.base_model.model.model(input_ids=torch.tensor([sequence["ids"]]), use_cache=False).last_hidden_state[0]


def log_probabilities(model, sequence):
    """log p of each target token."""
    logits = states(model, sequence) @ model.base_model.model.lm_head.weight.T
    labels = torch.tensor(sequence["labels"])[1:]
    kept = labels != -100
    return torch.log_softmax(logits[:-1][kept], dim=-1).gather(1, labels[kept, None])[:, 0]


def dpo(beta=0.1, smoothing=0.0, ipo=False):
    def loss(model, pairs, **_):
        total, rewards, logps = 0.0, [], []
        for p in pairs:
            reduce = torch.mean if ipo else torch.sum
            chosen, rejected = (reduce(log_probabilities(model, p[side])) for side in ("chosen", "rejected"))
            with torch.no_grad(), model.disable_adapter():
                chosen_reference, rejected_reference = (reduce(log_probabilities(model, p[side])) for side in ("chosen", "rejected"))
            ratio = (chosen - chosen_reference) - (rejected - rejected_reference)
            if ipo:
                total = total + (ratio - 1 / (2 * beta)) ** 2
            else:
                total = total - (1 - smoothing) * F.logsigmoid(beta * ratio) - smoothing * F.logsigmoid(-beta * ratio)
            rewards.append((beta * (chosen - chosen_reference).item(), beta * (rejected - rejected_reference).item()))
            logps.append((chosen.item(), rejected.item()))
        return total / len(pairs), {**preferences(rewards), **sides("logps", logps)}

    return loss


def orpo(weight=0.1):
    def loss(model, pairs, **_):
        likelihood, targets, ratios, rewards, logps = 0.0, 0, [], [], []
        for p in pairs:
            chosen = log_probabilities(model, p["chosen"])
            likelihood, targets = likelihood - chosen.sum(), targets + len(chosen)
            means = chosen.mean(), log_probabilities(model, p["rejected"]).mean()
            odds = [mean - torch.log1p(-torch.exp(mean)) for mean in means]
            ratios.append(odds[0] - odds[1])
            rewards.append(tuple(weight * mean.item() for mean in means))
            logps.append(tuple(mean.item() for mean in means))
        ratio = F.logsigmoid(torch.stack(ratios)).mean()
        metrics = {"nllLoss": (likelihood / targets).item(), "logOddsRatio": ratio.item(), "logOddsChosen": torch.stack(ratios).mean().item()}
        return likelihood / targets - weight * ratio, {**metrics, **preferences(rewards), **sides("logps", logps)}

    return loss


def reward(margin=0.0):
    def loss(model, pairs, score):
        values = [[states(model, p[side])[-1] @ score[0] for side in ("chosen", "rejected")] for p in pairs]
        total = -sum(F.logsigmoid(chosen - rejected - margin) for chosen, rejected in values) / len(pairs)
        found = preferences([(chosen.item(), rejected.item()) for chosen, rejected in values])
        return total, {"accuracy": found["rewardsAccuracies"], "margin": found["rewardsMargins"], "rewardsChosen": found["rewardsChosen"], "rewardsRejected": found["rewardsRejected"]}

    return loss


def mean(values):
    return sum(values) / len(values)


def sides(name, values):
    return {f"{name}Chosen": mean([chosen for chosen, _ in values]), f"{name}Rejected": mean([rejected for _, rejected in values])}


def preferences(values):
    return {
        **sides("rewards", values),
        "rewardsMargins": mean([chosen - rejected for chosen, rejected in values]),
        "rewardsAccuracies": mean([float(chosen > rejected) for chosen, rejected in values]),
    }


# name → settings as in a configuration, and the loss.
CASES = {
    "dpo": ({"type": "dpo", "dpoBeta": 0.5}, dpo(0.5)),
    "dpo-smoothed": ({"type": "dpo", "dpoBeta": 0.1, "dpoLabelSmoothing": 0.2}, dpo(0.1, 0.2)),
    "ipo": ({"type": "dpo", "dpoBeta": 0.2, "dpoLoss": "ipo"}, dpo(0.2, ipo=True)),
    "orpo": ({"type": "orpo", "orpoLambda": 0.3}, orpo(0.3)),
    "reward": ({"type": "reward"}, reward()),
    "reward-margin": ({"type": "reward", "rewardMargin": 0.7}, reward(0.7)),
}


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    OUT.mkdir(exist_ok=True)
    for index, (name, (settings, loss)) in enumerate(CASES.items()):
        generator = torch.Generator().manual_seed(700 + index)
        base = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").eval()
        model = PeftModel.from_pretrained(base, MODEL / "adapter", is_trainable=True).eval()
        trained = {key.replace("base_model.model.", "", 1).replace(".default", ""): value for key, value in model.named_parameters() if value.requires_grad}
        score = torch.randn(1, 32, generator=generator).mul_(0.3).requires_grad_()
        tensors = {}
        if settings["type"] == "reward":
            trained["score.weight"] = score
            tensors["score.weight"] = score.detach().clone()
        steps = [[[pair(generator) for _ in range(2 + (step + part) % 2)] for part in range(2)] for step in range(STEPS)]
        optimizer = torch.optim.AdamW(trained.values(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
        record = {"losses": [], "gradientNorms": [], "metrics": []}
        for step, parts in enumerate(steps):
            value, metrics = loss(model, [p for part in parts for p in part], score=score)
            value.backward()
            if step == 0:
                tensors |= {f"gradient.{key}": tensor.grad.clone() for key, tensor in trained.items()}
            record["losses"].append(value.item())
            record["metrics"].append(metrics)
            record["gradientNorms"].append(torch.nn.utils.clip_grad_norm_(trained.values(), 1.0).item())
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        save_file(tensors, OUT / f"{name}.safetensors")
        (OUT / f"{name}.safetensors").chmod(0o644)
        content = {"settings": settings, "learningRate": RATE, "maxGradientNorm": 1.0, **record, "steps": steps}
        (OUT / f"{name}.json").write_text(json.dumps(content) + "\n")
        print(name, record["losses"])


if __name__ == "__main__":
    main()
