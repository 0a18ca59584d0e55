// The hosted page's part of a proof of work: solves the challenge of altcha that the form carries, then sends the form.
(async () => {
  "use strict";
  const input = document.getElementById("altcha");
  const challenge = JSON.parse(input.dataset.challenge);
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const bytesOf = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const password = new Uint8Array([...bytesOf(nonce), 0, 0, 0, 0]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: bytesOf(salt), iterations: cost };
  for (let counter = 0; ; counter += 1) {
    new DataView(password.buffer).setUint32(password.length - 4, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const bits = new Uint8Array(await crypto.subtle.deriveBits(derivation, key, keyLength * 8));
    const derivedKey = [...bits].map((n) => n.toString(16).padStart(2, "0")).join("");
    if (derivedKey.startsWith(keyPrefix)) {
      input.value = btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
      input.form.requestSubmit(input.form.elements.book[0]);
      return;
    }
  }
})();
