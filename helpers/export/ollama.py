"""The text of an Ollama Modelfile: the chat template in Ollama's words, where a turn ends, how the model writes."""

from helpers.models.chat import end_of_turn
from helpers.models.kinds import Tokenizer

ASKED, ANSWERED = "QUESTION-7f3a", "ANSWER-7f3a"  # what is looked for in a rendered chat: no template has it
# Around a question, around an answer, and what comes behind the last question, for the model to go on from.
# No `{{-`: it would eat the line breaks between the turns.
MESSAGES = """{{{{ range .Messages }}}}{{{{ if eq .Role "user" }}}}{}{{{{ .Content }}}}{}\
{{{{ else if eq .Role "assistant" }}}}{}{{{{ .Content }}}}{}{{{{ end }}}}{{{{ end }}}}{}"""


def modelfile(tokenizer: Tokenizer, file: str, longest: int, room: int) -> str:
    """The text of a Modelfile.

    Args:
        tokenizer: the student's, with its chat template.
        file: the name of the GGUF file beside it.
        longest: how many tokens the model can read.
        room: how many an answer may have.

    Raises:
        ValueError: for a template that does not write all turns alike, or has in a turn what a Modelfile cannot hold;
            and as `end_of_turn`.
    """
    parts = _turns(tokenizer)
    if any(mark in text for text in parts for mark in ('"""', "{{", "}}")):
        raise ValueError('the chat template has """ or braces in a turn, which a Modelfile cannot hold')
    stop = tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer))
    return f'''# ollama create my-student -f Modelfile
FROM ./{file}
TEMPLATE """{MESSAGES.format(*parts)}"""
PARAMETER stop "{stop}"
PARAMETER temperature 0
PARAMETER num_ctx {longest}
PARAMETER num_predict {room}
'''


def _turns(tokenizer: Tokenizer) -> list[str]:
    """The five parts of MESSAGES, without the beginning that the tokenizer puts before a text itself."""
    asked, answered = {"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWERED}

    def written(*messages: dict, prompt: bool = True) -> str:
        text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=prompt)
        return text.removeprefix(tokenizer.bos_token or "")

    question = written(asked, prompt=False)
    opens = written(asked).removeprefix(question)
    # An answer as it stands among earlier turns: Qwen 3 drops the reasoning there.
    answer = written(asked, answered, asked).removeprefix(question).removesuffix(question + opens)
    longer = written(asked, answered, asked, answered, asked)
    if longer != (question + answer) * 2 + question + opens or answer.count(ANSWERED) != 1:
        raise ValueError("the chat template does not write all turns alike, and so cannot be put in Ollama's words")
    return [*question.split(ASKED), *answer.split(ANSWERED), opens]
