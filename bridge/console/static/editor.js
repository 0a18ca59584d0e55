// The mapping's text as an editor with line numbers. The text area stays what the form sends; without this script it is
// what people edit. The editor is in a shadow root: there its styles need no style element, which the policy forbids.
(() => {
  const { EditorView, EditorState, HighlightStyle, tags } = CodeMirror;
  const colours = HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.definitionKeyword, tags.moduleKeyword], color: "var(--accent)" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
    { tag: tags.comment, color: "var(--muted)" },
  ]);
  const theme = EditorView.theme({
    "&": { maxHeight: "70vh", border: "1px solid var(--border)", borderRadius: "6px", backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "0.875rem" },
    "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
    ".cm-scroller": { overflow: "auto", fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" },
    ".cm-content": { caretColor: "var(--text)" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    ".cm-gutters": { backgroundColor: "var(--soft)", color: "var(--muted)", border: "0" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent-soft) 45%, transparent)" },
    ".cm-selectionBackground": { backgroundColor: "var(--accent-soft) !important" },
    ".cm-tooltip": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--border)" },
  });

  const edit = (area) => {
    const host = document.createElement("div");
    host.className = "editor";
    area.after(host);
    area.hidden = true;
    const root = host.attachShadow({ mode: "open" });
    const write = EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      area.value = update.state.doc.toString();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    });
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: area.value,
        extensions: [
          CodeMirror.lineNumbers(), CodeMirror.history(), CodeMirror.drawSelection(), CodeMirror.highlightActiveLine(),
          CodeMirror.indentOnInput(), CodeMirror.indentUnit.of("    "), CodeMirror.bracketMatching(),
          CodeMirror.syntaxHighlighting(colours), CodeMirror.python(), CodeMirror.lintGutter(), theme, write,
          CodeMirror.keymap.of([...CodeMirror.defaultKeymap, ...CodeMirror.historyKeymap]),
          EditorState.readOnly.of(area.readOnly), EditorView.editable.of(!area.readOnly),
          EditorView.contentAttributes.of({ "aria-label": area.dataset.editor, tabindex: "0" }),
        ],
      }),
    });
    return view;
  };

  const area = document.querySelector("textarea[data-editor]");
  const view = area && edit(area);
  const result = document.getElementById("reading");
  const stale = document.querySelector("[data-stale]");

  // What an error says of a line is shown at that line.
  const mark = () => {
    const problem = result.querySelector("[data-line]");
    const number = Number(problem?.dataset.line);
    const known = number >= 1 && number <= view.state.doc.lines;
    const line = known && view.state.doc.line(number);
    const found = line ? [{ from: line.from, to: line.to, severity: "error", message: problem.textContent.trim() }] : [];
    view.dispatch(CodeMirror.setDiagnostics(view.state, found));
  };

  // A result is of the text above it, or says that it is not: also where an edit came while it was read. What was saved
  // or compared before an edit goes.
  const saving = document.getElementById("saving");
  let edits = 0;
  const sent = new Map();  // by what is replaced: how many edits its request knew
  const outdated = (is) => { stale.hidden = !is; result.classList.toggle("stale", is); };
  const edited = () => {
    edits += 1;
    outdated(true);
    [saving, document.getElementById("comparison")].forEach((part) => part?.replaceChildren());
  };
  const earlier = () => {
    const words = document.createElement("p");
    words.className = "problem";
    words.textContent = "This is of an earlier text: it was changed meanwhile.";
    return words;
  };
  document.addEventListener("htmx:beforeRequest", (event) => { sent.set(event.detail.target.id, edits); });
  document.addEventListener("input", (event) => { if (event.target.closest("#trial") && !event.target.matches("[data-add]")) edited(); });
  document.addEventListener("htmx:afterSwap", (event) => {
    const isEarlier = sent.get(event.target.id) !== edits;
    if (event.target === saving) saving.querySelector("[data-focus]")?.focus();
    if (isEarlier && ["saving", "comparison"].includes(event.target.id)) event.target.prepend(earlier());
    if (event.target !== result) return;
    outdated(isEarlier);
    if (view && !isEarlier) mark();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.id === "trial" && event.detail.failed) outdated(true);
  });

  // Payloads are added below the others, and taken away again.
  const payloads = document.getElementById("payloads");
  const add = document.querySelector("[data-add]");
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target !== payloads) return;
    add.value = "";
    edited();
    const added = payloads.lastElementChild;
    added.scrollIntoView({ block: "nearest", inline: "nearest" });
    added.querySelector("textarea").focus({ preventScroll: true });
  });
  payloads?.addEventListener("click", (event) => {
    const removed = event.target.closest("[data-remove]")?.closest(".payload");
    if (!removed) return;
    const next = removed.nextElementSibling ?? removed.previousElementSibling;
    removed.remove();
    (next?.querySelector("[data-remove]") ?? add).focus();
    edited();
    htmx.trigger(document.body, "picked");
  });
})();
