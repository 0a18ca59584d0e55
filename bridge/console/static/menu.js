// The menu opens and closes without this script; here its button says which of the two it is.
(() => {
  const menu = document.getElementById("menu");
  const button = document.querySelector("[popovertarget=menu]");
  menu?.addEventListener("toggle", (event) => button.setAttribute("aria-expanded", String(event.newState === "open")));
})();
