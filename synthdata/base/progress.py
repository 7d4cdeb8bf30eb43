"""Progress of long work: a bar with an ETA in a notebook, one rewritten line in a terminal, one summary that stays."""

import sys
import time
from typing import Any

REDRAW_SECONDS = 0.25


def get_shell() -> Any:
    """Get the IPython shell that runs this code, None where none does (IPython is asked only when something has loaded it)."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def in_notebook() -> bool:
    """Tell whether a kernel runs this code: JupyterLab's, VS Code's or Colab's, whatever the class of its shell is called."""
    return getattr(get_shell(), "kernel", None) is not None


def format_seconds(seconds: float) -> str:
    """Write a duration as 45 s, 3 min or 2 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"


def say(line: str) -> None:
    """Show one line that stays, whatever else is on the screen."""
    Progress("", 0).finish(line)


class Progress:
    """One piece of work on the screen: draw() while it runs, finish(summary) once."""

    def __init__(self, label: str, total: int, unit: str = "") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.started = time.monotonic()
        self._handle: Any = None
        self._bar: Any = None
        self._text: Any = None
        self._drawn_at = self.started  # the first draw comes after one interval: short work shows no bar

    def draw(self, done: int, note: str = "", force: bool = False) -> None:
        """Show how many are done and when the rest will be; calls closer together than REDRAW_SECONDS are dropped."""
        now = time.monotonic()
        if not force and now - self._drawn_at < REDRAW_SECONDS:
            return
        self._drawn_at = now
        elapsed = now - self.started
        eta = f", {format_seconds(elapsed / done * (self.total - done))} left" if done else ""
        text = f"{done:,} of {self.total:,}{self.unit} in {format_seconds(elapsed)}{eta}{note}"
        if in_notebook():
            self._draw_widget(done, text)
        elif sys.stderr is not None and sys.stderr.isatty():
            print(f"\r\x1b[2K{self.label}: {text}", end="", file=sys.stderr, flush=True)

    def finish(self, summary: str) -> None:
        """Replace the bar by its summary, the only trace that stays."""
        if in_notebook():
            from IPython.display import display

            shown = {"text/plain": summary}
            if self._handle is not None:
                self._handle.update(shown, raw=True)
                self._bar.close()
                self._text.close()
            else:
                display(shown, raw=True)
        else:
            if sys.stderr is not None and sys.stderr.isatty():
                print("\r\x1b[2K", end="", file=sys.stderr)
            print(summary)

    def clear(self) -> None:
        """Take the bar away and say nothing: an interrupt speaks for itself."""
        if self._handle is not None:
            self._handle.update({"text/plain": ""}, raw=True)
            self._bar.close()
            self._text.close()
        elif not in_notebook() and sys.stderr is not None and sys.stderr.isatty():
            print("\r\x1b[2K", end="", file=sys.stderr)

    def _draw_widget(self, done: int, text: str) -> None:
        import ipywidgets
        from IPython.display import display

        if self._handle is None:
            self._bar = ipywidgets.IntProgress(min=0, max=max(self.total, 1), description=self.label)
            self._bar.style.description_width = "initial"
            self._text = ipywidgets.Label()
            self._handle = display(ipywidgets.HBox([self._bar, self._text]), display_id=True)
        self._bar.value = done
        self._text.value = text
