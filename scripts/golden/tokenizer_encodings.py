"""Two tiny tokenizers of the kinds that Llama models use, and what Hugging Face's own library makes of some texts.

Writes engine/tokenizer/golden/{byte-level,sentencepiece}/tokenizer.json and engine/tokenizer/golden/encodings.json.
Run from the repository's root in an environment with tokenizers:  python scripts/golden/tokenizer_encodings.py
"""

import json
import os

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = "engine/tokenizer/golden"

corpus = [
    "def add(a, b):\n    return a + b\n",
    "def largest(values):\n    best = values[0]\n    for value in values:\n        if value > best:\n            best = value\n    return best\n",
    "Write a function that adds two numbers. Write a function that returns the largest of a list of values.",
    "The quick brown fox jumps over the lazy dog. It's 12345 o'clock, isn't it?",
    "Grüße aus Köln, déjà vu, 東京 and Москва.",
] * 4

texts = [
    "",
    " ",
    "a",
    "def add(a, b):\n    return a + b\n",
    "  two spaces,\ttab and \r\n line ends  ",
    "Grüße, 東京! 👩‍👩‍👧 🙂 \u00a0nbsp",
    "It's 1234567890 don't WE'LL",
    "<|user|>Write a function<|end|>\n<|assistant|>",
    "a <|end|> b",
    "x .  y , z !",
    "\ufffd and e\u0301",
]

# The pre-tokenizer of Llama 3.
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level():
    specials = ["<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))]
    )
    return tokenizer


def sentencepiece():
    """As transformers converts the tokenizer of Llama 2."""
    trainer_source = Tokenizer(models.BPE(unk_token="<unk>"))
    trainer_source.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer_source.pre_tokenizer = pre_tokenizers.Split(Regex("(?=▁)"), "isolated")
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    trainer_source.train_from_iterator(
        corpus, trainers.BpeTrainer(vocab_size=430, special_tokens=specials, limit_alphabet=60, show_progress=False)
    )
    model = json.loads(trainer_source.to_str())["model"]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]], unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    tokenizer.add_special_tokens(
        [AddedToken("<unk>", normalized=False), AddedToken("<s>", normalized=False), AddedToken("</s>", normalized=False)]
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


golden = {"script": "scripts/golden/tokenizer_encodings.py", "tokenizers": tokenizers.__version__}
for name, tokenizer in [("byte-level", byte_level()), ("sentencepiece", sentencepiece())]:
    os.makedirs(f"{FOLDER}/{name}", exist_ok=True)
    tokenizer.save(f"{FOLDER}/{name}/tokenizer.json", pretty=False)
    golden[name] = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        golden[name].append({"text": text, "ids": ids, "plain": plain, "decoded": tokenizer.decode(ids)})

with open(f"{FOLDER}/encodings.json", "w") as file:
    json.dump(golden, file, ensure_ascii=True, indent=1)
    file.write("\n")
