"""The text of an Ollama Modelfile: the chat template in Ollama's words, where a turn ends, how the model writes."""

from dataclasses import dataclass

from helpers.models.chat import end_of_turn
from helpers.models.kinds import Tokenizer

ASKED, ANSWERED = "QUESTION-7f3a", "ANSWER-7f3a"  # what is looked for in a rendered chat: no template has it
# No `{{-`: it would eat the line breaks between the turns.
MESSAGES = """{{{{ range .Messages }}}}{{{{ if eq .Role "user" }}}}{before}{{{{ .Content }}}}{after}\
{{{{ else if eq .Role "assistant" }}}}{begins}{{{{ .Content }}}}{ends}{{{{ end }}}}{{{{ end }}}}{opens}"""


@dataclass(frozen=True)
class Turns:
    """What a chat template writes around what is said.

    Attributes:
        before: a question.
        after: it.
        begins: what an answer begins with where it is given.
        ends: what it ends with.
        opens: what comes behind the last question, for the model to go on from.
    """

    before: str
    after: str
    begins: str
    ends: str
    opens: str


def turns(tokenizer: Tokenizer) -> Turns:
    """The parts of a tokenizer's chat template, without the beginning that the tokenizer puts before a text itself.

    Raises:
        ValueError: for a template that does not write all turns alike.
    """
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
    return Turns(*question.split(ASKED), *answer.split(ANSWERED), opens)


def modelfile(tokenizer: Tokenizer, file: str, longest: int, room: int) -> str:
    """The text of a Modelfile.

    Args:
        tokenizer: the student's, with its chat template.
        file: the name of the GGUF file beside it.
        longest: how many tokens the model can read.
        room: how many an answer may have.

    Raises:
        ValueError: as `turns` and `end_of_turn`.
    """
    parts = turns(tokenizer)
    if any(mark in text for text in vars(parts).values() for mark in ('"""', "{{", "}}")):
        raise ValueError('the chat template has """ or braces in a turn, which a Modelfile cannot hold')
    template = MESSAGES.format(**vars(parts))
    stop = tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer))
    return f'''# ollama create my-student -f Modelfile
FROM ./{file}
TEMPLATE """{template}"""
PARAMETER stop "{stop}"
PARAMETER temperature 0
PARAMETER num_ctx {longest}
PARAMETER num_predict {room}
'''
