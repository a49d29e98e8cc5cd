// Keeps the page fresh: fetches it again, and changes only what differs, so that nothing flickers and focus stays.

const EVERY_MS = 2000;
const live = document.getElementById("live");
let shown = "";
let running = null;

/** Make the children of `old` those of `fresh`, keeping nodes; elements with data-key follow their key. */
function morphChildren(old, fresh) {
  const keyed = new Map();
  for (const child of old.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = wanted.dataset?.key ? keyed.get(wanted.dataset.key) : null;
    if (known) {
      if (known !== at) old.insertBefore(known, at);
      else at = at.nextSibling;
      morph(known, wanted);
    } else if (at && !at.dataset?.key && !wanted.dataset?.key && at.nodeName === wanted.nodeName) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    } else {
      old.insertBefore(document.importNode(wanted, true), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if ("keep" in old.dataset || old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morphChildren(old, fresh);
}

async function refresh() {
  running?.abort();
  const mine = (running = new AbortController());
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-cache", signal: mine.signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const text = await answer.text();
    if (mine.signal.aborted) return;
    if (text !== shown) {
      const fresh = new DOMParser().parseFromString(text, "text/html");
      const focused = document.activeElement;
      morph(document.body, fresh.body);
      // A row that moved has lost its focus on the way.
      if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
      document.title = fresh.title;
      shown = text;
    }
    say("live", "live");
  } catch (error) {
    if (error.name !== "AbortError") say("lost", "no answer, trying again");
  } finally {
    if (running === mine) running = null;
  }
}

function say(state, words) {
  if (live.dataset.state !== state) {
    live.dataset.state = state;
    live.textContent = words;
  }
}

function go(address) {
  history.pushState(null, "", address);
  const filter = document.getElementById("filter");
  if (filter) filter.value = new URLSearchParams(location.search).get("filter") ?? "";
  return refresh();
}

/** Links keep the filter that the reader typed, as long as they stay with the model. */
function keepFilter(address) {
  const target = new URL(address, location.href);
  const here = new URLSearchParams(location.search);
  const same = !here.get("model") || here.get("model") === target.searchParams.get("model");
  if (same && here.get("filter") && target.searchParams.has("feature")) {
    target.searchParams.set("filter", here.get("filter"));
  }
  return target;
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target.closest("a");
  const row = event.target.closest("tr[data-href]");
  if (link && !("go" in link.dataset)) return;
  const address = link ? link.href : row?.dataset.href;
  if (!address || (!link && getSelection().toString())) return;
  event.preventDefault();
  go(keepFilter(address)).then(showDetail);
});

/** On a narrow page the drawing is not beside the table: go to it. */
function showDetail() {
  const detail = document.getElementById("detail");
  if (!detail || !new URLSearchParams(location.search).has("feature")) return;
  const place = detail.getBoundingClientRect();
  if (place.bottom < 80 || place.top > innerHeight - 80) detail.scrollIntoView({ block: "start" });
}

let typing = 0;
document.addEventListener("input", (event) => {
  if (event.target.id !== "filter") return;
  clearTimeout(typing);
  typing = setTimeout(() => {
    const target = new URL(location.href);
    if (event.target.value) target.searchParams.set("filter", event.target.value);
    else target.searchParams.delete("filter");
    history.replaceState(null, "", target);
    refresh();
  }, 200);
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form.filter")) event.preventDefault();
});

/** Alerts may link with a fragment (#model=...), which servers never see. */
function followFragment() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (!wanted.has("model")) return false;
  history.replaceState(null, "", `${location.pathname}?${wanted}`);
  return true;
}

addEventListener("popstate", () => {
  followFragment();
  refresh();
});
addEventListener("hashchange", () => followFragment() && refresh());
document.addEventListener("visibilitychange", () => document.hidden || refresh());

followFragment();
refresh();
setInterval(() => document.hidden || running || refresh(), EVERY_MS);
