// The colours of the preview of the tour widget: set by script, because the console allows no inline style.
const preview = document.getElementById("preview");
for (const [name, value] of Object.entries(JSON.parse(preview.dataset.styles))) preview.style.setProperty(name, value);
