// Events: how many are chosen, what can be done with them, and whether what the page shows is still true.
(() => {
  const form = document.querySelector("[data-bulk]");
  const boxes = () => [...document.querySelectorAll("#rows input[name=id]")];

  const tell = () => {
    if (!form) return;
    const all = form.querySelector("[data-all]")?.checked ?? false;
    const chosen = boxes().filter((box) => box.checked).length;
    form.querySelector("[data-count]").textContent =
      all ? "All that match are chosen" : chosen ? `${chosen} chosen` : "Nothing chosen";
    form.querySelectorAll("[data-needs-choice]").forEach((button) => { button.disabled = !all && !chosen; });
    form.classList.toggle("active", all || chosen > 0);
    const page = document.querySelector("[data-page]");
    if (page) {
      page.checked = chosen > 0 && chosen === boxes().length;
      page.indeterminate = chosen > 0 && !page.checked;
    }
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-page]")) boxes().forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-group]")) {
      const own = event.target.closest("table").querySelectorAll("input[name=id]");
      own.forEach((box) => { box.checked = event.target.checked; });
    }
    if (event.target.matches("[data-page], [data-all], [data-group], #rows input[name=id]")) tell();
  });
  document.addEventListener("htmx:oobAfterSwap", tell);

  document.addEventListener("htmx:afterRequest", tell);  // after busy.js has given the buttons back

  // A page in the background does not poll.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.target.closest("#live, #pulse")) event.preventDefault();
  });

  // What the server does not answer must not look as if nothing had happened.
  const lost = document.querySelector("[data-lost]");
  const answered = (is) => { if (lost) lost.hidden = is; };
  document.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr.status;
    if (status !== 0 || event.detail.failed) answered(event.detail.successful);
  });
  document.addEventListener("htmx:sendError", () => answered(false));
  tell();
})();
