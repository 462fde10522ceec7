"""Where an answer ends: the token with which the chat template closes a turn."""

from helpers.models.kinds import Tokenizer


def end_of_turn(tokenizer: Tokenizer) -> int:
    """The token that the chat template puts behind an answer: a Gemma's is not always its eos_token.

    Raises:
        ValueError: if that is no special token.
    """
    turns = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "Seven."}]
    behind = tokenizer.apply_chat_template(turns, tokenize=False).rpartition("Seven.")[2]
    (end, *_) = tokenizer(behind, add_special_tokens=False).input_ids or [None]
    known = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    if end not in known | set(tokenizer.all_special_ids):
        raise ValueError(f"the chat template writes {behind!r} behind an answer, which is no token that ends a turn")
    return end


def end_with_the_turn(tokenizer: Tokenizer) -> None:
    """Makes the token that closes a turn the tokenizer's eos_token, in place; without a chat template, nothing.

    As published, Gemma 3's eos_token is `<eos>` and a Qwen3 base model's `<|endoftext|>`: they end a text. What these
    models learn here, and have to stop at, are turns, which end in `<end_of_turn>` and `<|im_end|>`.

    Raises:
        ValueError: as `end_of_turn`.
    """
    if tokenizer.chat_template:
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer))
