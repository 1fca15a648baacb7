// Keeps a page up to date: asks every other second whether it would look different now, and if so fetches the same
// page and puts its live parts in place of the present ones. Without script, every page works; it only stands still.
"use strict";
(() => {
  const EVERY_MS = 2000;
  const TRIES = 3;
  let version = null;
  let failures = 0;

  const lost = document.getElementById("lost");
  const said = document.getElementById("said");

  async function ask() {
    const answer = await fetch("/live", { cache: "no-store" });
    if (answer.status === 401) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(answer.status);
    const now = await answer.json();
    const seen = `${now.version}/${now.state}`;
    if (version !== null && version !== seen) await refresh();
    version = seen;
  }

  async function refresh() {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok && answer.status !== 404) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    let changed = false;
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = page.getElementById(part.id);
      if (next) changed = replace(part, next) || changed;
    }
    if (changed && said) said.textContent = said.dataset.text;
  }

  // What a person has opened stays open, and focus stays where it was.
  function replace(part, next) {
    if (part.outerHTML === next.outerHTML) return false;
    const open = new Set([...part.querySelectorAll("details[open]")].map((each) => each.id));
    const focus = part.contains(document.activeElement) ? place(part, document.activeElement) : -1;
    const fresh = document.importNode(next, true);
    for (const each of fresh.querySelectorAll("details")) each.open = open.has(each.id);
    part.replaceWith(fresh);
    const element = focus < 0 ? null : focusable(fresh)[focus];
    if (element) element.focus({ preventScroll: true });
    return fresh.id !== "status";
  }

  const focusable = (part) => [...part.querySelectorAll("a, button, summary, input, [tabindex]")];
  const place = (part, element) => focusable(part).indexOf(element);

  async function turn() {
    if (!document.hidden) {
      try {
        await ask();
        failures = 0;
      } catch {
        failures += 1;
      }
      if (lost) lost.hidden = failures < TRIES;
      document.body.classList.toggle("gone", failures >= TRIES);
    }
    setTimeout(turn, EVERY_MS);
  }

  turn();
})();
