// The calls of the management API, to read and to try. Nothing is loaded from elsewhere, no token is kept.
"use strict";

const calls = document.getElementById("api-calls");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
paint();
dark.addEventListener("change", paint);

window.SwaggerUIBundle({
  url: calls.dataset.description,
  domNode: calls,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
