// A form that is being answered cannot be sent again: its buttons are disabled, and the pressed one shows that it is busy.
(() => {
  const busy = new Map();  // the form or button, with what to give back

  const begin = (source, pressed) => {
    if (busy.has(source)) return;
    const all = source.matches("form") ? [...source.elements].filter((part) => part.matches("button")) : [source];
    const buttons = all.filter((button) => !button.disabled);
    const sign = buttons.includes(pressed) ? pressed : buttons[0];
    busy.set(source, { buttons, sign, words: sign?.textContent, focused: document.activeElement });
    if (sign) {
      sign.setAttribute("aria-busy", "true");
      if (sign.dataset.busy) sign.textContent = sign.dataset.busy;
    }
    buttons.forEach((button) => { button.disabled = true; });
  };

  const end = (source) => {
    const { buttons, sign, words, focused } = busy.get(source);
    busy.delete(source);
    buttons.forEach((button) => { button.disabled = false; });
    if (sign) {
      sign.removeAttribute("aria-busy");
      if (sign.dataset.busy) sign.textContent = words;
    }
    // A browser takes the focus from what is disabled.
    if (document.activeElement === document.body && buttons.includes(focused) && focused.isConnected) focused.focus();
  };

  // Another page follows. What the browser sends is collected after this event, so the buttons are disabled after it.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.matches("[data-download]")) return;
    setTimeout(() => begin(form, event.submitter));
  });
  addEventListener("pageshow", (event) => { if (event.persisted) [...busy.keys()].forEach(end); });

  // A part of the page follows. What loads or asks without being pressed is none of these.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, requestConfig } = event.detail;
    const cause = requestConfig.triggeringEvent;
    if (["submit", "click"].includes(cause?.type) && elt.matches("form, button")) begin(elt, cause.submitter ?? elt);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (busy.has(event.detail.elt)) end(event.detail.elt);
  });
})();
