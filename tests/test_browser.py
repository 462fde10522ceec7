"""Widgets as a reader meets them: in JupyterLab, in a real browser, with clicks."""

import os
import re
import time
from pathlib import Path

import browser as chromium
import fewer
import nbformat
import pytest
from lab import Lab, Responses, running
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "artifacts" / "browser"
MINUTE = 60_000  # as Playwright counts, in milliseconds
FLAGS = ["--disable-gpu", "--disable-dev-shm-usage"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    path = chromium.find()
    if path is None:
        # `make test` has just tried to install one.
        (pytest.fail if os.environ.get("DISTILL_BROWSER") == "required" else pytest.skip)(chromium.ADVICE)
    with sync_playwright() as playwright:
        # Without the sandbox, which does not work for root: it opens nothing but our own pages.
        window = playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=FLAGS)
        with running(tmp_path_factory.mktemp("lab"), window) as lab:
            yield lab
        window.close()


# --- the notebooks ------------------------------------------------------------------------------


def ask(sheet: Responses) -> None:
    """Types a question; both models answer it to the end."""
    box = sheet.shown().filter(has=sheet.page.locator("textarea"))
    answers = box.get_by_text(re.compile(r"\d tokens?, (ended by itself|cut off)$"))
    assert answers.count() == 0, "nobody has asked yet"
    box.locator("textarea").fill("Tom has 5 pens and buys 6 more. How many pens does Tom have now?")
    box.locator("button").click()
    until = time.monotonic() + 180
    while answers.count() < 2 and not sheet.complaints() and time.monotonic() < until:
        sheet.page.wait_for_timeout(500)
    assert not sheet.complaints()
    expect(answers).to_have_count(2)
    expect(box.locator("button")).to_be_enabled()


def slide(sheet: Responses) -> None:
    """Moves the slider by a step; another picture appears."""
    box = sheet.shown().filter(has=sheet.page.locator(".noUi-handle"))
    picture = box.locator("img").first
    before = picture.get_attribute("src")
    box.locator(".noUi-handle").first.focus()
    sheet.page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before, timeout=MINUTE)


def type_text(sheet: Responses) -> None:
    """Types a text that is drawn, and then one that the student cannot spell, which is refused."""
    box = sheet.shown().filter(has=sheet.page.locator("input[type=text]"))
    picture, refused = box.locator("img").first, box.get_by_text("refused: the two tokenizations spell different texts")
    before = picture.get_attribute("src")
    box.locator("input").fill("</think>")
    box.locator("input").press("Enter")
    expect(picture).not_to_have_attribute("src", before, timeout=MINUTE)
    assert refused.count() == 0
    box.locator("input").fill("\ue000")
    box.locator("input").press("Enter")
    expect(refused).to_have_count(1, timeout=MINUTE)


def type_map(sheet: Responses) -> None:
    """Types a map with a layer that there is not, which is refused, and then one that can be, which is drawn."""
    box = sheet.shown().filter(has=sheet.page.locator("input[type=text]"))
    picture, refused = box.locator("img").first, box.get_by_text("refused: the map ((1, 99),)")
    before = picture.get_attribute("src")
    assert refused.count() == 0
    box.locator("input").fill("1-99")
    box.locator("input").press("Enter")
    expect(refused).to_have_count(1, timeout=MINUTE)
    expect(picture).to_have_attribute("src", before)
    box.locator("input").fill("1-2 2-2")
    box.locator("input").press("Enter")
    expect(picture).not_to_have_attribute("src", before, timeout=MINUTE)
    expect(refused).to_have_count(0)


# How a reader uses a notebook's widgets once the cells up to them have run.
DRIVES = {
    "01_dark_knowledge": slide, "04_before_and_after": ask, "05_logit_distillation": slide, "06_teacher_cache": slide,
    "07_across_tokenizers": type_text, "08_feature_distillation": type_map,
    "16_your_own": ask,
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in DRIVES if (ROOT / "notebooks" / f"{name}.ipynb").exists()])
def test_notebook(lab, name):
    write_up_to_widget(ROOT / "notebooks" / f"{name}.ipynb", lab.folder)
    with lab.opened(f"{name}.ipynb") as sheet:
        try:
            sheet.run_all(patience=900)  # where what it reads was not made before, it is made now
            assert not sheet.complaints()
            DRIVES[name](sheet)
        finally:
            PICTURES.mkdir(parents=True, exist_ok=True)
            sheet.page.screenshot(path=PICTURES / f"{name}.png")  # to look at; nothing is compared with it
        assert not sheet.complaints()


def write_up_to_widget(notebook: Path, folder: Path) -> None:
    """A copy that ends with the last widget: what comes behind it, every notebook's own test runs."""
    copy = nbformat.read(notebook, as_version=4)
    widgets = [i for i, cell in enumerate(copy.cells) if cell.metadata.get("keep_output") is False]
    copy.cells = copy.cells[: widgets[-1] + 1]
    if not os.environ.get(fewer.WHOLE):  # in a cell, because the server's kernels all have one environment
        copy.cells.insert(0, new_code_cell(f"import os\n\nos.environ['DISTILL_TIER'] = {str(fewer.TIER)!r}"))
    nbformat.write(copy, folder / notebook.name)


# --- the machinery ------------------------------------------------------------------------------

START = "import ipywidgets as w\nfrom IPython.display import display\n"
GOOD = START + """
said, button = w.Label('nothing yet'), w.Button(description='count')
button.on_click(lambda _: setattr(said, 'value', f'{6 * 7} shells'))
w.VBox([said, button])"""
# Four ways for a callback to fail; only the last one shows its error on the page.
RAISES = START + """
button = w.Button(description='raise')
button.on_click(lambda _: {}['one'])
button"""
OVERRIDES = START + """
class Own(w.Button):
    def click(self):
        raise ValueError('two')

Own(description='own')"""
WARNS = START + """
import warnings
button = w.Button(description='warn')
button.on_click(lambda _: warnings.warn('three'))
button"""
INTERACTS = START + """
@w.interact(x=(0, 3))
def f(x=0):
    assert x == 0, 'four'"""


def write(folder: Path, name: str, *sources: str) -> str:
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(notebook, folder / name)
    return name


def new_complaints(sheet: Responses, known: int) -> list[str]:
    """Those after the first `known`, as soon as there are some; [] after a while without."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = sheet.complaints()[known:]
        if found:
            return found
        sheet.page.wait_for_timeout(200)
    return []


def test_a_click_is_answered_in_the_output(lab):
    name = write(lab.folder, "good.ipynb", GOOD, "print('the last cell ran')")
    with lab.opened(name) as sheet:
        sheet.run_all()
        expect(sheet.shown().get_by_text("the last cell ran")).to_have_count(1)
        expect(sheet.shown().get_by_text("42 shells")).to_have_count(0)
        sheet.shown("button").click()
        expect(sheet.shown().get_by_text("42 shells")).to_have_count(1, timeout=MINUTE)
        assert sheet.complaints() == []


def test_a_callback_that_fails_is_heard(lab):
    name = write(lab.folder, "broken.ipynb", RAISES, OVERRIDES, WARNS, INTERACTS)
    with lab.opened(name) as sheet:
        sheet.run_all()
        assert sheet.complaints() == []
        for label, error in (("raise", "KeyError: 'one'"), ("own", "ValueError: two"), ("warn", "UserWarning: three")):
            known = len(sheet.complaints())
            sheet.shown("button").get_by_text(label, exact=True).click()
            assert any(error in said for said in new_complaints(sheet, known)), f"{error} was not heard"
        known = len(sheet.complaints())
        sheet.shown(".noUi-handle").focus()
        sheet.page.keyboard.press("ArrowRight")
        assert any("AssertionError: four" in said for said in new_complaints(sheet, known))


def test_a_cell_that_fails_is_heard(lab):
    # It waits first: what JupyterLab asks for only after the failure, the kernel would run.
    name = write(lab.folder, "stops.ipynb", "import time\n\ntime.sleep(2)\n1 / 0", "print('never')")
    with lab.opened(name) as sheet:
        sheet.run_all()
        said = sheet.complaints()
        assert said[0] == "ZeroDivisionError: division by zero"
        assert len(said) == 2 and "ZeroDivisionError" in said[1], "the kernel said it, and it is on the page"
        expect(sheet.shown().get_by_text("never")).to_have_count(0)
