"""JupyterLab in a real browser: a server, a notebook that is run in it, and what the kernel and the page showed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page

SETTINGS = {
    # Without this, a question about news covers the page.
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Else cells outside of the window may not be on the page at all.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
SESSION = "window.jupyterapp?.shell?.currentWidget?.sessionContext"
# The notebook is shown and its kernel waits; before that, "run all" would open a question about the kernel.
READY = f"""name => {SESSION}?.isReady && {SESSION}.path === name && {SESSION}.session?.kernel?.status === "idle" """
# JupyterLab shows an error of a callback nowhere on the page if no Output widget catches it: we listen to the kernel.
# What is passed over: on a busy machine the page may ask about a widget that has gone, or whether there are any, before
# the kernel has imported ipywidgets. Neither harms anybody.
LISTEN = f"""() => {{
    window.complaints = [];
    {SESSION}.session.kernel.iopubMessage.connect((_, message) => {{
        const content = message.content;
        if (message.header.msg_type === "error") window.complaints.push(`${{content.ename}}: ${{content.evalue}}`);
        const noise = /^No such comm(: | target registered: jupyter\\.widget\\.control\\b)/.test(content.text ?? "");
        if (content.name === "stderr" && !noise) window.complaints.push(content.text);
    }});
}}"""
RUN_ALL = """() => {
    window.finished = false;
    window.jupyterapp.commands.execute("notebook:run-all-cells").finally(() => { window.finished = true; });
}"""
FINISHED = f"""() => window.finished && {SESSION}.session.kernel.status === "idle" """
OUTPUT = ".jp-OutputArea-output"
ERRORS = ", ".join(f'{OUTPUT}[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr"))


@dataclass
class Lab:
    """A running JupyterLab. folder: what it shows. address: with {} where a notebook's name goes."""

    folder: Path
    address: str
    browser: Browser

    @contextmanager
    def opened(self, name: str, patience: float = 180) -> Iterator["Responses"]:
        """A notebook of the folder, its kernel ready and an ear on what the kernel says. patience: seconds."""
        page = self.browser.new_page(viewport={"width": 1280, "height": 1000})
        try:
            page.goto(self.address.format(name))
            page.wait_for_function(READY, arg=name, timeout=patience * 1000)
            page.evaluate(LISTEN)
            yield Responses(page)
        finally:
            page.close()


@dataclass
class Responses:
    """A notebook that is open."""

    page: Page

    def run_all(self, patience: float = 60) -> None:
        """Runs the cells until the last is done or one has failed. Raises TimeoutError after `patience` seconds."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function(FINISHED, timeout=patience * 1000)

    def shown(self, selector: str = "") -> Locator:
        """What is in the outputs, never in a cell's source: a text that nobody computed would be found there."""
        return self.page.locator(f"{OUTPUT} {selector}".strip())

    def complaints(self) -> list[str]:
        """Errors and stderr since the notebook was opened: what the kernel said, and what is on the page."""
        return self.page.evaluate("window.complaints") + self.page.locator(ERRORS).all_inner_texts()


@contextmanager
def running(folder: Path, browser: Browser) -> Iterator[Lab]:
    """JupyterLab on a free port of this machine. Its settings and all it writes are in a hidden folder of `folder`.

    Raises RuntimeError, with its log, if it does not start.
    """
    own = folder / ".jupyter"
    for name, values in SETTINGS.items():
        path = own / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    environment = {**os.environ, **{f"JUPYTER_{name}_DIR": str(own / name) for name in ("CONFIG", "DATA", "RUNTIME")}}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(own / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(own / "spaces")}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    log = own / "log.txt"
    with open(log, "w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    try:
        yield Lab(folder, address(process, own / "RUNTIME", log), browser)
    finally:
        process.terminate()  # it ends its kernels too
        process.wait(60)


def address(process: subprocess.Popen, runtime: Path, log: Path, patience: float = 120) -> str:
    """The server notes its address and its token in a file when it listens."""
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            noted = json.loads(path.read_text() or "{}")
            if noted:
                return f"{noted['url']}lab/tree/{{}}?token={noted['token']}"
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")
