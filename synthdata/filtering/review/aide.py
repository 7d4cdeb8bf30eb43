"""What a page needs beside ipywidgets, as one small widget that is not seen: names for handles, keys, and spoken counts."""

import functools
from collections.abc import Callable
from typing import Any

from synthdata.base.extras import load_extra

PANEL_CLASS = "synthdata-panel"

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
  let watcher, waiting;
  const begin = () => {
    const panel = el.closest('.PANEL');
    if (!panel) { waiting = requestAnimationFrame(begin); return; }
    panel.setAttribute('data-lm-suppress-shortcuts', 'true');
    panel.setAttribute('role', 'group');
    panel.setAttribute('aria-label', model.get('label'));
    nameHandles(panel);
    watcher = new MutationObserver((changes) => {
      nameHandles(panel);
      for (const change of changes) if (change.type === 'attributes') showDrag(change.target);
    });
    watcher.observe(panel, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-valuetext'] });
    if (!model.get('letters')) return;
    panel.tabIndex = 0;
    panel.addEventListener('keydown', (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
      const key = event.key.toLowerCase();
      if (!plain || key.length !== 1 || !model.get('letters').includes(key) || event.target.matches(TYPING)) return;
      event.preventDefault();
      event.stopPropagation();
      model.send({ key });
    });
  };
  begin();
  return () => { cancelAnimationFrame(waiting); watcher?.disconnect(); model.off('change:said', say); };
}
export default { render };
""".replace("PANEL", PANEL_CLASS)


def make_aide(name: str, keys: str = "", on_key: Callable[[str], None] | None = None) -> Any:
    """Make the widget that is placed in a box of the class PANEL_CLASS, and serves that box.

    name: what the box is called for who does not see it. keys: letters that are heard anywhere in the box, but where one types.
    on_key: called with each. Set its `said` to have a sentence read out.
    """
    aide = _load_class()(label=name, letters=keys)
    if on_key is not None:
        aide.on_msg(lambda _widget, message, _buffers: on_key(str(message.get("key", ""))))
    return aide


@functools.cache
def _load_class() -> Any:
    widget: Any = load_extra("anywidget", "notebook", "a slider").AnyWidget
    traitlets = load_extra("traitlets", "notebook", "a slider")

    class Aide(widget):
        _esm = SCRIPT
        said = traitlets.Unicode("").tag(sync=True)
        label = traitlets.Unicode("").tag(sync=True)
        letters = traitlets.Unicode("").tag(sync=True)

    return Aide
