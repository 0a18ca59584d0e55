// <tour-booking source="website" property="oakwood">: the tour widget. deploy/widget.md explains it.
// No dependency, no cookie, no request to anybody but the bridge. No innerHTML (works under Trusted Types); one
// constructed style sheet (works without style-src 'unsafe-inline').
(() => {
  "use strict";
  const STRINGS = {};
  const STYLE = "";
  const PATIENCE = 8000; // milliseconds
  const DAYS_SHOWN = 8;
  const DAYS_LOADED = 14;
  const LOCALES = { en: "en-US", es: "es-US", fr: "fr-FR", de: "de-DE", pt: "pt-BR" };
  const ATTRIBUTES = ["source", "property", "lang", "kind", "hours", "phone", "theme", "from"];

  // Tag managers strip attributes and replace the tag, so a tag is found by its address, and read from it too.
  const ADDRESS = /^(.*)\/(?:widget\/[\w-]+\/)?widget\.js(?:\?|$)/;
  const isOurs = (tag) => ADDRESS.test(tag.src) && (tag.dataset.source || /[?&]source=/.test(tag.src));
  const current = document.currentScript;
  const ownTag = current && ADDRESS.test(current.src) ? current : [...document.querySelectorAll("script[src]")].find((tag) => ADDRESS.test(tag.src));
  const home = ownTag ? ADDRESS.exec(ownTag.src)[1] : "";

  const h = (tag, given = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(given)) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value === true) element.setAttribute(key, "");
      else if (value !== false && value != null) element.setAttribute(key, value);
    }
    element.append(...children.flat(9).filter((child) => child != null && child !== false));
    return element;
  };
  const dateOf = (key) => new Date(`${key}T12:00Z`);
  const LONG_DAY = { weekday: "long", month: "long", day: "numeric" };
  const SHORT_DAY = { weekday: "short", month: "short", day: "numeric" };
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const minutesOf = (slot) => Math.round((new Date(slot.end) - new Date(slot.start)) / 60e3);
  // One is as dear as a hundred uses of it, and the first view needs fifty.
  const formatters = new Map();
  const formatter = (locale, options) => {
    const key = JSON.stringify([locale, options]);
    if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(locale, options));
    return formatters.get(key);
  };
  const newId = () => (crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join(""));

  // Proof of work, as altcha's second version defines it: the server asks for it only beyond its limits.
  const bytesOf = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const solve = async (challenge, isOver) => {
    const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
    const password = new Uint8Array([...bytesOf(nonce), 0, 0, 0, 0]);
    const derivation = { name: "PBKDF2", hash: "SHA-256", salt: bytesOf(salt), iterations: cost };
    for (let counter = 0; !isOver(); counter += 1) {
      new DataView(password.buffer).setUint32(password.length - 4, counter);
      const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
      const bits = new Uint8Array(await crypto.subtle.deriveBits(derivation, key, keyLength * 8));
      const derivedKey = [...bits].map((n) => n.toString(16).padStart(2, "0")).join("");
      if (derivedKey.startsWith(keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    }
    return null;
  };

  let sheet;
  let count = 0;

  class TourBooking extends HTMLElement {
    static observedAttributes = ATTRIBUTES;
    #root;
    #number;
    #about;
    #step;
    #live;
    #language = "en";
    #locale = "en-US";
    #t = {};
    #places = [];
    #place;
    #kind;
    #stamp;
    #kinds = [];
    #days = [];
    #isUsual = false; // the usual hours, because the live calendar does not answer
    #empty = new Map(); // the days without times, with the class of the reason
    #nextFrom = null; // the first day that was not asked for yet
    #page = 0;
    #day;
    #slot = null;
    #typed = {};
    #wrong = {};
    #submission = newId();
    #altcha;
    #load = null;
    #isSending = false;
    #boxes = {};
    #phase = "new";

    connectedCallback() {
      if (this.#phase !== "new") {
        if (this.#phase === "loading") this.#start(); // it was moved while it loaded
        return;
      }
      const asking = this.#askFirst();
      if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
      this.#root = this.attachShadow({ mode: "open" });
      this.#root.adoptedStyleSheets = [sheet];
      this.#number = count += 1;
      this.#about = h("div", { class: "about", part: "about", hidden: true });
      this.#step = h("div", { class: "step", part: "step" });
      this.#live = h("p", { class: "vh", role: "status", "aria-live": "polite" });
      this.#root.append(h("div", { class: "w", part: "widget" }, h("section", { class: "card", part: "card" }, this.#about, this.#step), this.#live));
      this.#start(asking);
    }

    disconnectedCallback() {
      // A node that moves is connected again in the same task; only one that stays away lets go of its request.
      queueMicrotask(() => {
        if (!this.isConnected) this.#load?.abort();
      });
    }

    attributeChangedCallback(name, before, now) {
      if (this.#phase === "new" || before === now || name === "theme") return;
      queueMicrotask(() => {
        if (this.isConnected && this.#phase !== "done" && !this.#isSending) this.#start();
      });
    }

    get #home() {
      return this.getAttribute("from") || home;
    }
    get #source() {
      return encodeURIComponent(this.getAttribute("source") || "");
    }
    get #hosted() {
      const property = this.#place?.key || (this.getAttribute("property") || "").split(",")[0].trim();
      return `${this.#home}/widget/${this.#source}?${new URLSearchParams({ ...(property && { property }), lang: this.#language })}`;
    }

    // Words
    #speak() {
      const wanted = this.getAttribute("lang") || this.closest("[lang]")?.getAttribute("lang") || navigator.language || "en";
      const base = wanted.slice(0, 2).toLowerCase();
      this.#language = STRINGS[base] ? base : "en";
      this.#t = STRINGS[this.#language];
      this.#root.firstChild.lang = this.#language;
      this.#root.firstChild.dir = this.closest("[dir]")?.dir || "ltr";
      this.#locale = LOCALES[this.#language];
      try {
        if (STRINGS[base] && wanted.length > 2) this.#locale = Intl.getCanonicalLocales(wanted)[0];
      } catch { /* a tag that is none: the usual one of the language */ }
    }
    #format(date, options) {
      const hours = this.getAttribute("hours");
      const clock = options.hour && hours ? { hourCycle: hours === "24" ? "h23" : "h12" } : {};
      return formatter(this.#locale, { timeZone: this.#place.time_zone, ...options, ...clock }).format(date);
    }
    #dayName(date) {
      return this.#format(date, LONG_DAY);
    }
    #time(date) {
      return this.#format(date, { hour: "numeric", minute: "2-digit" });
    }
    #zone(date) {
      const name = (options) => formatter(this.#locale, { ...options, timeZoneName: "short" }).formatToParts(date).find((part) => part.type === "timeZoneName").value;
      const wall = (options) => formatter("en-US", { ...options, dateStyle: "short", timeStyle: "short" }).format(date);
      const there = { timeZone: this.#place.time_zone };
      const differs = wall(there) === wall({}) ? "" : `. ${this.#t.zone_differs}`;
      return filled(this.#t.zone, { zone: name(there) }) + differs;
    }
    #whole() {
      const start = new Date(this.#slot.start);
      return `${this.#dayName(start)}, ${this.#time(start)}. ${this.#zone(start)}`;
    }

    // Requests: each ends after PATIENCE, and with the element.
    async #ask(address, options = {}, controller = new AbortController()) {
      const timer = setTimeout(() => controller.abort(), PATIENCE);
      try {
        const answer = await fetch(`${this.#home}${address}`, { ...options, signal: controller.signal, credentials: "omit", referrerPolicy: "strict-origin-when-cross-origin" });
        const text = await answer.text();
        let body = {};
        try {
          body = JSON.parse(text);
        } catch { /* a proxy's page: the status is enough */ }
        return { status: answer.status, body };
      } catch {
        return { status: 0, body: {} };
      } finally {
        clearTimeout(timer);
      }
    }

    // Sent before anything is drawn: on a slow phone drawing takes as long as the answers.
    #askFirst() {
      this.#load?.abort();
      const load = (this.#load = new AbortController());
      const asked = this.getAttribute("property") || "";
      const first = asked.split(",")[0].trim();
      const places = this.#ask(`/widget/${this.#source}/places?${new URLSearchParams({ ...(asked && { property: asked }) })}`, {}, load);
      return { load, first, places, slots: first ? this.#askSlots(first, null, load) : null };
    }

    async #start({ load, first, places, slots } = this.#askFirst()) {
      this.#phase = "loading";
      this.#speak();
      this.#drawLoading();
      const { status, body } = await places;
      if (load !== this.#load || !this.isConnected) return;
      if (status !== 200 || !body.places?.length) {
        this.#drawUnreachable(status);
        return;
      }
      this.#places = body.places;
      this.#stamp = body.stamp;
      this.#place = this.#places.find((place) => place.key === this.#place?.key) || this.#places[0];
      this.#kind = this.getAttribute("kind");
      await this.#loadSlots(slots && this.#place.key === first ? slots : this.#askSlots(this.#place.key, null, load), load);
    }

    #askSlots(property, from, load) {
      const query = new URLSearchParams({ property, days: DAYS_LOADED, ...(from && { from }) });
      return this.#ask(`/availability/${this.#source}?${query}`, {}, load);
    }

    async #loadSlots(asked, load = this.#load, isMore = false) {
      const { status, body } = await asked;
      if (load !== this.#load || !this.isConnected) return false;
      if (status !== 200 && body.code !== "no_tour_times") {
        this.#drawUnreachable(status);
        return false;
      }
      if (!isMore) [this.#days, this.#empty] = [[], new Map()];
      for (const day of body.days || []) if (!day.free) this.#empty.set(day.date, day);
      if (body.kinds) this.#kinds = body.kinds;
      if (!this.#kinds.includes(this.#kind)) this.#kind = this.#kinds[0];
      this.#isUsual = Boolean(this.#place.has_live_calendar && body.origin === "hours");
      const last = body.days?.at(-1);
      const after = last && last.reason !== "horizon" && new Date(`${last.date}T00:00Z`);
      this.#nextFrom = after ? new Date(+after + 864e5).toISOString().slice(0, 10) : null;
      const days = new Map(this.#days.map((day) => [day.key, day]));
      for (const slot of body.slots || []) {
        const key = slot.start.slice(0, 10); // the property's own date: `start` carries its offset
        if (!days.has(key)) days.set(key, { key, date: new Date(slot.start), slots: [] });
        days.get(key).slots.push(slot);
      }
      this.#days = [...days.values()].sort((a, b) => a.key.localeCompare(b.key));
      if (!isMore) {
        this.#page = 0;
        this.#slot = null;
        this.#day = this.#free()[0];
        this.#phase = "times";
        this.#showTimes(false);
      }
      return true;
    }

    // Days with free times of the chosen kind
    #free() {
      return this.#days.map((day) => ({ ...day, slots: day.slots.filter((slot) => !slot.kinds || slot.kinds.includes(this.#kind)) })).filter((day) => day.slots.length);
    }

    #drawLoading() {
      const { loading } = this.#t;
      this.#live.textContent = loading;
      this.#step.replaceChildren(h("h2", {}, this.#t.title), h("p", { class: "hint" }, loading), h("div", { class: "bones", "aria-hidden": "true" }, Array.from({ length: 8 }, () => h("i"))));
    }

    #phone() {
      return this.#place?.phone || this.getAttribute("phone");
    }

    #ways() {
      const phone = this.#phone();
      return [phone && h("a", { href: `tel:${phone.replace(/[^+\d]/g, "")}` }, filled(this.#t.call, { phone })), h("a", { href: this.#hosted, target: "_blank", rel: "noopener" }, this.#t.hosted)];
    }

    #drawUnreachable(status) {
      const t = this.#t;
      this.#phase = "failed";
      this.#live.textContent = t.failed;
      this.#step.replaceChildren(h("h2", {}, t.title), h("div", { class: "note" }, h("p", {}, status ? t.failed : t.slow), this.#ways()), h("div", { class: "bar" }, h("button", { type: "button", class: "primary", part: "button", onclick: () => this.#start() }, t.again)));
    }

    #drawAbout() {
      const { name, address } = this.#place;
      const start = this.#slot && new Date(this.#slot.start);
      const slot = this.#slot || this.#free()[0]?.slots[0];
      this.#about.hidden = false;
      this.#about.replaceChildren(
        h("h2", {}, name),
        address ? h("p", {}, address) : "",
        slot ? h("p", {}, `${this.#t[this.#kind]}, ${filled(this.#t.minutes, { n: minutesOf(slot) })}`) : "",
        start ? h("p", { class: "pick" }, this.#dayName(start), h("br"), this.#time(start)) : "",
      );
    }

    #radio(name, value, checked, label, ...words) {
      return h("label", { class: "c" }, h("input", { type: "radio", name: `${name}-${this.#number}`, value, checked, "aria-label": label }), h("span", { part: "choice" }, ...words));
    }

    // Step 1: community, kind, day, time
    #showTimes(focus) {
      const t = this.#t;
      const heading = h("h2", { tabindex: "-1" }, t.title);
      const parts = [heading];
      if (this.#places.length > 1) {
        const select = h("select", { id: "place", part: "input", onchange: () => {
          this.#place = this.#places.find((place) => place.key === select.value);
          this.#slot = null;
          this.#drawAbout();
          this.#boxes.times.replaceChildren();
          this.#boxes.days.replaceChildren(h("p", { class: "hint" }, t.loading));
          this.#live.textContent = t.loading;
          this.#load?.abort();
          this.#load = new AbortController();
          this.#loadSlots(this.#askSlots(this.#place.key, null, this.#load)).then((worked) => worked && this.#root.getElementById("place")?.focus());
        } }, this.#places.map((place) => h("option", { value: place.key, selected: place === this.#place }, place.name)));
        parts.push(h("div", {}, h("label", { class: "f", for: "place" }, t.community), select));
      }
      const kinds = this.#kinds;
      if (kinds.length > 1) {
        const choose = (event) => {
          this.#kind = event.target.value;
          this.#page = 0;
          this.#day = this.#free()[0];
          this.#slot = null;
          this.#drawAbout();
          this.#drawDays();
        };
        parts.push(h("fieldset", { onchange: choose }, h("legend", {}, t.kind), h("div", { class: "kinds" }, kinds.map((kind) => this.#radio("kind", kind, kind === this.#kind, null, t[kind], h("small", {}, t[`${kind}_hint`]))))));
      }
      if (this.#isUsual) parts.push(h("p", { class: "note" }, t.hours));
      this.#boxes = { days: h("div"), times: h("div"), next: h("div", { class: "bar" }) };
      parts.push(this.#boxes.days, this.#boxes.times, this.#boxes.next);
      this.#step.replaceChildren(...parts);
      this.#drawAbout();
      this.#drawDays();
      this.#live.textContent = "";
      if (focus) heading.focus();
    }

    #drawDays() {
      const t = this.#t;
      const days = this.#free();
      if (!days.length) {
        const next = [...this.#empty.values()].find((day) => day.next)?.next;
        const following = next ? filled(t.next_free, { day: this.#format(dateOf(next), { ...LONG_DAY, timeZone: "UTC" }) }) : this.#why([...this.#empty.values()].slice(0, DAYS_SHOWN));
        this.#boxes.days.replaceChildren(h("div", { class: "note" }, h("p", {}, t.none), h("p", { id: "empty" }, following), this.#ways()));
        this.#boxes.times.replaceChildren();
        this.#boxes.next.replaceChildren(this.#later(days));
        return;
      }
      const shown = days.slice(this.#page * DAYS_SHOWN, (this.#page + 1) * DAYS_SHOWN);
      const spoken = (day) => `${this.#dayName(day.date)}, ${this.#counted("times", day)}`;
      const earlier = this.#page && h("button", { class: "plain", type: "button", onclick: () => this.#turn(-1) }, t.earlier);
      const choose = (event) => {
        this.#day = days.find((day) => day.key === event.target.value);
        this.#slot = null;
        this.#drawAbout();
        this.#drawTimes();
        this.#live.textContent = filled(this.#counted("found", this.#day), { day: this.#dayName(this.#day.date) });
      };
      this.#boxes.days.replaceChildren(
        h("fieldset", { onchange: choose }, h("legend", {}, t.day), h("div", { class: "days" }, shown.map((day) => this.#radio("day", day.key, day.key === this.#day?.key, spoken(day), this.#format(day.date, { weekday: "short" }), h("br"), this.#format(day.date, { month: "short", day: "numeric" }), h("small", {}, this.#counted("times", day)))))),
        h("p", { class: "hint", id: "empty" }, this.#why([...this.#empty.values()].filter((day) => day.date > shown[0].key && day.date < shown.at(-1).key))),
        h("div", { class: "nav" }, earlier || h("span"), this.#later(days)),
      );
      this.#boxes.next.replaceChildren(h("button", { class: "primary", part: "button", type: "button", onclick: () => this.#toDetails() }, t.next));
      this.#drawTimes();
    }

    // Why days between those that are shown have no times: "Sat, Nov 28: closed"
    #why(days) {
      const words = (day) => this.#t[`empty_${day.reason}`];
      return days.filter(words).map((day) => `${this.#format(dateOf(day.date), { ...SHORT_DAY, timeZone: "UTC" })}: ${words(day)}`).join(" · ");
    }

    #counted(word, day) {
      const n = day.slots.length;
      return filled(n === 1 ? this.#t[`${word}_one`] : this.#t[word], { n, day: "{day}" });
    }

    #later(days) {
      const hasMore = days.length > (this.#page + 1) * DAYS_SHOWN || this.#nextFrom;
      return hasMore ? h("button", { class: "plain", type: "button", onclick: () => this.#turn(1) }, this.#t.later) : "";
    }

    async #turn(by) {
      const wanted = this.#page + by;
      if (by > 0 && this.#free().length <= wanted * DAYS_SHOWN && this.#nextFrom) {
        this.#live.textContent = this.#t.loading;
        if (!(await this.#loadSlots(this.#askSlots(this.#place.key, this.#nextFrom, this.#load), this.#load, true))) return;
        if (this.#free().length <= wanted * DAYS_SHOWN) {
          this.#drawDays();
          return;
        }
      }
      this.#page = Math.max(0, wanted);
      this.#day = this.#free()[this.#page * DAYS_SHOWN];
      this.#slot = null;
      this.#drawAbout();
      this.#drawDays();
      this.#boxes.days.querySelector("input:checked, button")?.focus();
    }

    #drawTimes() {
      const t = this.#t;
      if (!this.#day) return;
      const { slots, date } = this.#day;
      const early = (slot) => Number(slot.start.slice(11, 13)) < 12;
      const block = (words, some) => (some.length ? [h("p", { class: "sub" }, words), h("div", { class: "times" }, some.map((slot) => this.#radio("time", slot.start, slot.start === this.#slot?.start, null, this.#time(new Date(slot.start)))))] : []);
      const choose = (event) => {
        this.#slot = slots.find((slot) => slot.start === event.target.value);
        this.#boxes.problem.hidden = true;
        this.#drawAbout();
      };
      this.#boxes.problem = h("p", { class: "e", id: "need-time", hidden: true }, t.error_starts_at);
      this.#boxes.times.replaceChildren(h("fieldset", { "aria-describedby": "need-time", onchange: choose }, h("legend", {}, filled(t.time_on, { day: this.#dayName(date) }), " ", h("span", { class: "hint" }, this.#zone(date))), this.#boxes.problem, block(t.morning, slots.filter(early)), block(t.afternoon, slots.filter((slot) => !early(slot)))));
    }

    #toDetails() {
      if (this.#slot) {
        this.#showDetails(true);
        return;
      }
      this.#boxes.problem.hidden = false;
      this.#boxes.times.querySelector("input")?.focus();
      this.#live.textContent = this.#t.error_starts_at;
    }

    // Step 2: who. What was typed stays in #typed, whatever happens.
    #showDetails(focus, alert) {
      const t = this.#t;
      const heading = h("h2", { tabindex: "-1" }, t.details);
      const field = (name, words, given = {}) => {
        const wrong = this.#wrong[name];
        const described = [given["aria-describedby"], wrong && `${name}-e`].filter(Boolean).join(" ") || null;
        const control = h(given.rows ? "textarea" : "input", { id: name, name, part: "input", ...given, "aria-invalid": wrong ? "true" : null, "aria-describedby": described, oninput: (event) => { this.#typed[name] = event.target.value; } });
        control.value = this.#typed[name] || "";
        return h("div", {}, h("label", { class: "f", for: name }, words), wrong ? h("p", { class: "e", id: `${name}-e` }, wrong) : "", control);
      };
      const trap = h("div", { class: "vh", "aria-hidden": "true" }, h("label", { for: "homepage" }, t.leave_empty), h("input", { id: "homepage", name: "homepage", tabindex: "-1", autocomplete: "off", oninput: (event) => { this.#typed.homepage = event.target.value; } }));
      this.#phase = "details";
      this.#step.replaceChildren(
        ...(alert ? [alert] : []),
        h("div", {}, heading, h("p", { class: "hint", id: "whole" }, this.#slot ? this.#whole() : t.error_starts_at)),
        h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#send(); } },
          h("div", { class: "two" }, field("first_name", t.first_name, { autocomplete: "given-name", required: true, maxlength: 100 }), field("last_name", t.last_name, { autocomplete: "family-name", required: true, maxlength: 100 })),
          h("div", { class: "two" }, field("email", t.email, { type: "email", autocomplete: "email", inputmode: "email", "aria-describedby": "reach", maxlength: 200 }), field("phone", t.phone, { type: "tel", autocomplete: "tel", inputmode: "tel", "aria-describedby": "reach", maxlength: 60 })),
          h("p", { class: "hint", id: "reach" }, t.one_of_two),
          field("message", [t.message, " ", h("span", { class: "hint" }, t.optional)], { rows: "3", maxlength: 2000 }),
          trap,
          h("div", { class: "bar" }, h("button", { class: "primary", part: "button", type: "submit" }, t.book), h("button", { class: "plain", type: "button", onclick: () => this.#showTimes(true) }, t.back)),
          h("p", { class: "hint" }, t.privacy)),
      );
      if (alert) this.#step.querySelector(".alert").focus();
      else if (focus) heading.focus();
    }

    #alert(title, ...content) {
      return h("div", { class: "alert", part: "alert", tabindex: "-1", role: "group", "aria-labelledby": "alert-h" }, h("h3", { id: "alert-h" }, title), ...content);
    }

    #showErrors() {
      const go = (name) => (event) => {
        event.preventDefault();
        this.#root.getElementById(name)?.focus();
      };
      this.#showDetails(false, this.#alert(this.#t.check, h("ul", {}, Object.entries(this.#wrong).map(([name, words]) => h("li", {}, h("a", { href: `#${name}`, onclick: go(name) }, words))))));
      this.#live.textContent = `${this.#t.check}: ${Object.values(this.#wrong).join(" ")}`;
    }

    async #send() {
      const t = this.#t;
      if (this.#isSending) return; // a double click is one tour
      if (!this.#slot) {
        const near = this.#root.getElementById("near-e");
        if (!near) {
          this.#showTimes(true);
          return;
        }
        near.hidden = false;
        this.#live.textContent = t.error_starts_at;
        this.#step.querySelector(".alert input")?.focus();
        return;
      }
      const typed = Object.fromEntries(Object.entries(this.#typed).map(([name, text]) => [name, text.trim()]));
      this.#wrong = {};
      if (!typed.first_name) this.#wrong.first_name = t.error_first_name;
      if (!typed.last_name) this.#wrong.last_name = t.error_last_name;
      if (typed.email && !/^\S+@\S+\.\S+$/.test(typed.email)) this.#wrong.email = t.error_email;
      else if (!typed.email && !typed.phone) this.#wrong.email = t.error_reach;
      if (Object.keys(this.#wrong).length) {
        this.#showErrors();
        return;
      }
      this.#isSending = true;
      const button = this.#step.querySelector("[type=submit]");
      button.setAttribute("aria-disabled", "true");
      button.textContent = t.sending;
      this.#live.textContent = t.sending;
      const booking = { ...typed, property: this.#place.key, tour_type: this.#kind, starts_at: this.#slot.start, duration_minutes: minutesOf(this.#slot), lang: this.#language };
      let answer = await this.#post(booking);
      if (answer.status === 429 && answer.body.challenge && crypto.subtle) {
        button.textContent = t.checking;
        this.#live.textContent = t.checking;
        this.#altcha = await solve(answer.body.challenge, () => !this.isConnected);
        answer = await this.#post(booking);
        this.#altcha = null;
      }
      this.#isSending = false;
      this.#answered(answer, booking);
    }

    #post(booking) {
      const body = JSON.stringify({ submission_id: this.#submission, ...booking, stamp: this.#stamp, ...(this.#altcha && { altcha: this.#altcha }) });
      return this.#ask(`/hooks/${this.#source}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    }

    #answered({ status, body }, booking) {
      const t = this.#t;
      const isKept = status === 200 || (status === 409 && body.tour); // 409: an earlier try under this id was stored
      if (isKept) {
        this.#showDone(body.tour, booking);
        return;
      }
      if (status === 422 && body.errors) {
        const { starts_at: time, ...others } = body.errors;
        if (time && !Object.keys(others).length) {
          this.#showGone(body.nearest || [], time[0]);
          return;
        }
        this.#wrong = Object.fromEntries(Object.entries(body.errors).map(([name, words]) => [name, words[0]]));
        this.#showErrors();
        return;
      }
      const isRefused = status === 429 || status === 403;
      this.#live.textContent = t.failed;
      this.#showDetails(false, this.#alert(t.failed, h("p", {}, isRefused ? t.refused_text : t.failed_text), this.#ways()));
    }

    #showGone(nearest, words) {
      const t = this.#t;
      const gone = this.#slot;
      const start = new Date(gone.start);
      const day = this.#days.find((one) => one.key === gone.start.slice(0, 10));
      if (day) day.slots = day.slots.filter((slot) => slot !== gone);
      if (this.#day) this.#day = this.#free().find((one) => one.key === this.#day.key) || this.#free()[0];
      const known = this.#free().flatMap((one) => one.slots);
      const closeness = (slot) => Math.abs(new Date(slot.start) - start);
      const near = (nearest.length ? nearest : known.sort((a, b) => closeness(a) - closeness(b)).slice(0, 3)).slice().sort((a, b) => new Date(a.start) - new Date(b.start));
      this.#slot = null; // nothing is chosen for the renter
      this.#drawAbout();
      const choose = (event) => {
        this.#slot = near.find((slot) => slot.start === event.target.value);
        this.#root.getElementById("near-e").hidden = true;
        this.#root.getElementById("whole").textContent = this.#whole();
        this.#drawAbout();
      };
      const label = (slot) => (slot.start.slice(0, 10) === gone.start.slice(0, 10) ? this.#time(new Date(slot.start)) : `${this.#format(new Date(slot.start), SHORT_DAY)}, ${this.#time(new Date(slot.start))}`);
      this.#showDetails(false, this.#alert(t.gone, h("fieldset", { onchange: choose }, h("legend", { class: "hint" }, near.length ? filled(t.gone_text, { time: `${this.#dayName(start)}, ${this.#time(start)}` }) : words), h("p", { class: "e", id: "near-e", hidden: true }, t.error_starts_at), h("div", { class: "times" }, near.map((slot) => this.#radio("near", slot.start, false, null, label(slot))))), h("button", { class: "plain", type: "button", onclick: () => { this.#load?.abort(); this.#load = new AbortController(); this.#loadSlots(this.#askSlots(this.#place.key, null, this.#load)).then((worked) => worked && this.#step.querySelector("h2").focus()); } }, t.all_times)));
      this.#live.textContent = t.gone;
    }

    // Step 3: what was booked. Not called confirmed: the property system does not have it yet.
    #showDone(tour, booking) {
      const t = this.#t;
      const start = new Date(this.#slot.start);
      const link = tour?.link;
      const again = () => {
        this.#submission = newId();
        this.#typed = { ...this.#typed, message: "" };
        this.#start().then(() => this.#step.querySelector("h2")?.focus());
      };
      const heading = h("h2", { tabindex: "-1" }, filled(t.done, { name: this.#typed.first_name.trim() }));
      this.#phase = "done";
      this.#live.textContent = t.requested;
      this.#step.replaceChildren(
        heading,
        h("div", { class: "box" }, h("b", {}, this.#dayName(start)), h("b", {}, `${this.#time(start)} – ${this.#time(new Date(this.#slot.end))}`), h("p", { class: "hint" }, this.#zone(start)), h("p", { class: "hint" }, [this.#place.name, this.#place.address].filter(Boolean).join(", "))),
        h("p", { class: "state" }, t.requested),
        link ? h("div", { class: "actions" }, h("a", { class: "button", part: "button", href: tour.calendar }, t.calendar), h("a", { class: "button", part: "button", href: link, target: "_blank", rel: "noopener noreferrer" }, t.manage)) : "",
        link ? h("p", { class: "hint" }, t.keep) : "",
        h("div", {}, h("button", { class: "plain", type: "button", onclick: again }, t.another)),
      );
      heading.focus();
      // For the site's analytics: where and what, nothing about the person. Sent once, after the server's yes.
      this.dispatchEvent(new CustomEvent("tour-booked", { bubbles: true, composed: true, detail: { property: booking.property, kind: booking.tour_type } }));
    }
  }
  if (!customElements.get("tour-booking")) customElements.define("tour-booking", TourBooking);

  // The one line on a website: an element takes the place of each script tag that names a source, once.
  const handled = (window[Symbol.for("tour-booking")] ||= new Set());
  const place = (tag) => {
    const given = { ...Object.fromEntries(new URL(tag.src).searchParams), ...tag.dataset };
    const named = given.target && document.getElementById(given.target);
    const name = [given.source, given.property, given.target].join("|");
    if (handled.has(name) && [...document.querySelectorAll("tour-booking")].some((one) => one.dataset.line === name)) return; // the same line twice
    handled.add(name);
    const element = document.createElement("tour-booking");
    element.dataset.line = name;
    for (const key of ATTRIBUTES) if (given[key]) element.setAttribute(key, given[key]);
    if (named) named.append(element);
    else if (tag.closest("head") || !tag.isConnected) document.body.append(element);
    else tag.after(element);
  };
  const placeAll = () => {
    for (const tag of document.querySelectorAll("script[src]")) {
      if (isOurs(tag) && !tag.dataset.placed) {
        tag.dataset.placed = "";
        place(tag);
      }
    }
  };
  if (document.body) placeAll();
  else document.addEventListener("DOMContentLoaded", placeAll);
})();
