"""What a page needs beside ipywidgets, as one small widget that is not seen: names for handles, keys, and spoken counts."""

import functools
import uuid
from collections.abc import Callable
from typing import Any

from synthdata.base.extras import load_extra

PANEL_CLASS = "synthdata-panel"  # of every box that has an aide

# JupyterLab takes keys before the page does, so that b would insert a cell; it leaves those alone that fall within an element
# marked data-lm-suppress-shortcuts (lumino, CommandRegistry.processKeydownEvent). Handles are made after this widget is, hence the
# observer. VS Code and Colab show outputs in a frame of their own, where keys reach nobody else.
SCRIPT = """
const TYPING = 'input:not([type=button]):not([type=checkbox]), textarea, select, [contenteditable=true]';

function nameHandles(panel) {
  for (const slider of panel.querySelectorAll('.widget-slider')) {
    const name = slider.querySelector('.widget-label')?.textContent ?? '';
    slider.querySelectorAll('.noUi-handle').forEach((handle, place) => {
      const said = `${name}, ${place ? 'highest' : 'lowest'} that stays`;
      if (handle.getAttribute('aria-label') !== said) handle.setAttribute('aria-label', said);
    });
  }
  for (const field of panel.querySelectorAll('input[title], select[title]')) {
    if (!field.getAttribute('aria-label')) field.setAttribute('aria-label', field.title);
  }
}

// While a handle is dragged nothing is sent; the field beside it shows where the handles are.
function showDrag(handle) {
  const row = handle.closest('.widget-slider')?.parentElement;
  const field = row?.querySelector('input');
  if (!field || !row.querySelector('.noUi-active')) return;
  const ends = [...row.querySelectorAll('.noUi-handle')].map((one) => Number(one.getAttribute('aria-valuetext')));
  field.value = ends.join(' – ');
}

function render({ model, el }) {
  const region = document.createElement('div');
  region.setAttribute('role', 'status');
  region.setAttribute('aria-live', 'polite');
  region.style.cssText = 'position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%)';
  el.append(region);
  const say = () => { region.textContent = model.get('said'); };
  model.on('change:said', say);
  say();
  const found = new Map();
  const hear = (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
    const key = event.key.toLowerCase();
    if (!plain || key.length !== 1 || !model.get('letters').includes(key) || event.target.matches(TYPING)) return;
    event.preventDefault();
    event.stopPropagation();
    model.send({ key });
  };
  // The box may be drawn after this widget is, again, or in a second view.
  const look = () => {
    for (const panel of document.getElementsByClassName(model.get('place'))) {
      if (found.has(panel)) continue;
      panel.setAttribute('data-lm-suppress-shortcuts', 'true');
      panel.setAttribute('role', 'group');
      panel.setAttribute('aria-label', model.get('label'));
      nameHandles(panel);
      const watcher = new MutationObserver((changes) => {
        nameHandles(panel);
        for (const change of changes) if (change.type === 'attributes') showDrag(change.target);
      });
      watcher.observe(panel, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-valuetext'] });
      found.set(panel, watcher);
      if (!model.get('letters')) continue;
      panel.tabIndex = 0;
      panel.addEventListener('keydown', hear);
    }
  };
  const clock = setInterval(look, 300);
  look();
  return () => {
    clearInterval(clock);
    model.off('change:said', say);
    for (const [panel, watcher] of found) { watcher.disconnect(); panel.removeEventListener('keydown', hear); }
  };
}
export default { render };
"""


def make_aide(name: str, keys: str = "", on_key: Callable[[str], None] | None = None) -> Any:
    """Make the widget that serves a box, once show_panel shows the two.

    name: what the box is called for who does not see it. keys: letters that are heard anywhere in the box, but where one types.
    on_key: called with each. Set its `said` to have a sentence read out.
    """
    aide = _load_class()(label=name, letters=keys, place=f"{PANEL_CLASS}-{uuid.uuid4().hex}")
    if on_key is not None:
        aide.on_msg(lambda _widget, message, _buffers: on_key(str(message.get("key", ""))))
    return aide


def show_panel(panel: Any, aide: Any, text: str) -> None:
    """Show a box of widgets with its aide. text: what a page shows that cannot run widgets.

    The aide is an output of its own: where JupyterLab runs in an environment without anywidget, the box works without it.
    """
    display = load_extra("IPython.display", "notebook", "a slider").display
    panel.add_class(PANEL_CLASS)
    panel.add_class(aide.place)
    # The text stands for the widget's code name.
    display({**panel._repr_mimebundle_(), "text/plain": text}, raw=True)
    data, metadata = aide._repr_mimebundle_()
    display({**data, "text/plain": ""}, metadata=metadata, raw=True)


@functools.cache
def _load_class() -> Any:
    widget: Any = load_extra("anywidget", "notebook", "a slider").AnyWidget
    traitlets = load_extra("traitlets", "notebook", "a slider")

    class Aide(widget):
        _esm = SCRIPT
        said = traitlets.Unicode("").tag(sync=True)
        place = traitlets.Unicode("").tag(sync=True)
        label = traitlets.Unicode("").tag(sync=True)
        letters = traitlets.Unicode("").tag(sync=True)

    return Aide
