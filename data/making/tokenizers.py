"""Two tokenizers in the manner of the real ones: Qwen's byte-level BPE and Gemma's SentencePiece-style BPE.

Both split digits one by one, hold no more than `vocabulary` entries and bring any Unicode text
back unchanged. `<think>` is one token for the Qwen kind and several for the Gemma kind, as
in the real families.
"""

import json
from collections.abc import Callable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

VOCABULARY = 1024
# The pattern of Qwen's tokenizer: words with the space before them, digits alone, line breaks apart.
QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'assistant' %}<|im_start|>assistant\n"
    "{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}{{ '\\n' }}"
    "{% else %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{{ opens_with }}{% endif %}"
)
GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role == 'system' %}{{ raise_exception('Gemma has no system role') }}{% endif %}"
    "{% if message.role == 'assistant' %}<start_of_turn>model\n"
    "{% generation %}{{ message.content | trim }}<end_of_turn>{% endgeneration %}{{ '\\n' }}"
    "{% else %}<start_of_turn>{{ message.role }}\n{{ message.content | trim }}<end_of_turn>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
# "▁" stands for a space, so a text's own "▁" needs another spelling; "\ue000" starts such spellings.
ESCAPES = (("\ue000", "\ue000\ue002"), ("▁", "\ue000\ue001"))


def qwen_kind(corpus: list[str], thinks: bool, vocabulary: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """Byte-level BPE learned from the corpus; `thinks`: the prompt for an answer ends in `<think>`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    marks = ["<think>", "</think>"]
    tokenizer.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=vocabulary - len(special) - len(marks),
            show_progress=False,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        ),
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in marks])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
        model_max_length=1024,
        padding_side="left",
    )
    wrapped.chat_template = qwen_template(thinks)
    return wrapped


def qwen_template(thinks: bool) -> str:
    """The chat template; `thinks`: the prompt for an answer ends in `<think>`."""
    return QWEN_TEMPLATE.replace("{{ opens_with }}", "<think>\n" if thinks else "")


def gemma_kind(corpus: list[str], vocabulary: int = VOCABULARY) -> PreTrainedTokenizerFast:
    """BPE over `▁` for spaces, with byte fallback, learned from the corpus."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    alphabet = [f"<0x{byte:02X}>" for byte in range(256)]
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.Replace(" ", "▁")
    # Only for learning: no merge may cross a word, a digit, a mark or a line.
    learner.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁?\p{L}+|\p{N}|▁?[^\p{L}\p{N}▁\r\n]|▁|[\r\n]+"), "isolated")
    learner.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=vocabulary - len(special) - len(alphabet),
            show_progress=False,
            initial_alphabet=[chr(code) for code in range(33, 127)],
        ),
    )
    learned = learner.get_vocab()
    merges = [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
    entries = [*special, *alphabet, *sorted(learned, key=learned.get)]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={token: i for i, token in enumerate(entries)},
            merges=merges,
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [*(normalizers.Replace(*pair) for pair in ESCAPES), normalizers.Replace(" ", "▁")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            *(decoders.Replace(spelled, char) for char, spelled in reversed(ESCAPES)),
        ]
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    # As Gemma's: a beginning of its own accord, unless it is told otherwise. The template writes one too.
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos>:1 $B:1", special_tokens=[("<bos>", tokenizer.token_to_id("<bos>"))]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<end_of_turn>",
        unk_token="<unk>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
        model_max_length=1024,
        padding_side="left",
    )
    wrapped.chat_template = GEMMA_TEMPLATE
    return wrapped


def tokenizer_for(
    role: str, folder: Path, corpus: Callable[[], list[str]], vocabulary: int = VOCABULARY
) -> PreTrainedTokenizerFast:
    """The role's tokenizer; each family's is learned once, of what `corpus` gives, and kept in a folder of `folder`.

    Teacher and sibling share one, and a run that goes on needs the very ids that it began with.
    """
    family = "gemma" if role == "student" else "qwen"
    if not (folder / family / "tokenizer.json").exists():
        texts = corpus()
        learned = gemma_kind(texts, vocabulary) if family == "gemma" else qwen_kind(texts, False, vocabulary)
        learned.save_pretrained(folder / family)
    tokenizer = AutoTokenizer.from_pretrained(folder / family)
    if family == "qwen":
        tokenizer.chat_template = qwen_template(thinks=role == "teacher")
    return tokenizer
