"""The other side of `npm run bench:engine -- --compare`: the same training steps with PyTorch + PEFT, as their users run them.

  python peer_peft.py --model DIR --adapter DIR --batches FILE --threads N --learning-rate X [--save DIR]

DIR are a Hugging Face model folder and a PEFT folder to start from. FILE is a list of {"input_ids": [[...]], "labels": [[...]]}, one a step,
with "attention_mask": [[...]] where sequences are padded. With --save the adapter is written at the end.
fp32; AdamW with betas 0.9 and 0.999, eps 1e-8, no weight decay, constant learning rate; gradient norm clipped at 1.
The last line of the output is JSON: losses, gradientNorms and seconds one a step, peakMemory in bytes, cpuSeconds, versions.
"""

import argparse
import json
import resource
import sys
import time

import peft
import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--adapter", required=True)
parser.add_argument("--batches", required=True)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--learning-rate", type=float, required=True)
parser.add_argument("--save")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)

base = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
model = PeftModel.from_pretrained(base, arguments.adapter, is_trainable=True)
model.train()
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=arguments.learning_rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)

with open(arguments.batches) as file:
    batches = json.load(file)
losses, norms, seconds = [], [], []
for rows in batches:
    batch = {name: torch.tensor(values) for name, values in rows.items()}
    started = time.perf_counter()
    loss = model(**batch, use_cache=False).loss
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    losses.append(loss.item())
    norms.append(norm.item())
    seconds.append(time.perf_counter() - started)

if arguments.save:
    model.save_pretrained(arguments.save)
usage = resource.getrusage(resource.RUSAGE_SELF)
# Kilobytes on Linux, bytes on macOS.
unit = 1 if sys.platform == "darwin" else 1024
versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__, "python": sys.version.split()[0]}
result = {"losses": losses, "gradientNorms": norms, "seconds": seconds}
print(json.dumps({**result, "peakMemory": usage.ru_maxrss * unit, "cpuSeconds": usage.ru_utime + usage.ru_stime, "versions": versions}))
