// Short messages over the page: what an action has done, and why a request was refused. Nothing on the page moves.
(() => {
  const SECONDS = 8;
  const region = document.getElementById("toasts");

  const show = (text, isRefusal) => {
    [...region.children].filter((toast) => toast.dataset.text === text).forEach((toast) => toast.remove());
    const toast = document.createElement("div");
    toast.className = isRefusal ? "toast toast-refused" : "toast";
    toast.dataset.text = text;
    const sentence = document.createElement("p");
    sentence.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.textContent = "Close";
    close.addEventListener("click", () => toast.remove());
    toast.append(sentence, close);
    region.append(toast);
    if (isRefusal) return;  // the user has to read it
    let timer;
    const wait = () => { timer = setTimeout(() => toast.remove(), SECONDS * 1000); };
    for (const event of ["mouseenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
    for (const event of ["mouseleave", "focusout"]) toast.addEventListener(event, wait);
    wait();
  };

  // What came with the page is put there again: a screen reader announces what is added.
  const come = [...region.children].map((toast) => toast.textContent);
  region.replaceChildren();
  come.forEach((text) => setTimeout(() => show(text, false)));

  document.addEventListener("flash", (event) => show(event.detail.text, false));

  // A page that only asks for news has a line of its own for a bridge that does not answer.
  const isPoll = (element) => (element.getAttribute("hx-trigger") ?? "").startsWith("every");
  const sentenceOf = (request) => {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const found = page.querySelector("[data-sentence], .problem:not([data-lost])");
    return found?.textContent.trim() || `This was not possible (${request.status}).`;
  };
  document.addEventListener("htmx:responseError", (event) => {
    if (!isPoll(event.detail.elt)) show(sentenceOf(event.detail.xhr), true);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!isPoll(event.detail.elt)) show("The bridge does not answer. Try it again in a moment.", true);
  });
})();
