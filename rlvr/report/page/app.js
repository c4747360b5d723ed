"use strict";
// Where the reader is stands in the address, so that going back works and a place can be sent to somebody.
const TABS = { curves: rlvr.curves, rollouts: rlvr.rollouts, flips: rlvr.flips, events: rlvr.events, recipe: rlvr.recipes };
const KEYS = [["1 to 5", "curves, rollouts, flips, events, recipe"], ["j k", "next, previous group"], ["[ ]", "previous, next iteration"],
  ["/", "search"], ["c", "colour the tokens"], ["m", "set the formulas"], ["d", "dark or light"], ["?", "these keys"], ["Esc", "leave a field"]];
const tabsHere = () => rlvr.shared.comparison ? ["compare", ...Object.keys(TABS)] : Object.keys(TABS);
const drawer = (tab) => tab === "compare" ? rlvr.compare : TABS[tab];
rlvr.at = { tab: "curves", run: 0, iteration: null, group: null };
rlvr.listed = [];

rlvr.go = (change) => {
  const before = { ...rlvr.at };
  Object.assign(rlvr.at, change);
  const { tab, run, iteration, group } = rlvr.at;
  const address = `#${tab}/${run}/${iteration ?? ""}/${group ?? ""}`;
  if (location.hash !== address) history.pushState(null, "", address);
  // Another group of the same list: the list stays as it is.
  if (before.tab === tab && before.run === run && before.iteration === iteration && group !== null && tab === "rollouts" && rlvr.open) return rlvr.open();
  rlvr.draw_tab();
};

rlvr.read_address = () => {
  const [tab, run, iteration, group] = location.hash.slice(1).split("/"), number = (text) => text ? Number(text) : null;
  Object.assign(rlvr.at, { tab: tabsHere().includes(tab) ? tab : tabsHere()[0], run: rlvr.runs[Number(run)] ? Number(run) : 0,
    iteration: iteration === "all" ? "all" : number(iteration), group: number(group) });
  const { groups } = rlvr.runs[rlvr.at.run].rollouts;
  if (rlvr.at.group !== null && !groups[rlvr.at.group]) rlvr.at.group = null;
};

rlvr.draw_tab = () => {
  const view = document.getElementById("view");
  document.querySelectorAll("#tabs button").forEach((b) => b.setAttribute("aria-selected", String(b.dataset.tab === rlvr.at.tab)));
  delete document.body.dataset.group;
  drawer(rlvr.at.tab)(view);
  document.body.dataset.tab = rlvr.at.tab;
};

rlvr.theme = () => {
  const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("rlvr-theme", root.dataset.theme); } catch { /* a page from a file may not remember */ }
  if (rlvr.at.tab === "curves") rlvr.draw_tab();
};

rlvr.step = (by) => {
  const at = rlvr.listed.indexOf(rlvr.at.group), next = rlvr.listed[Math.min(Math.max(at + by, 0), rlvr.listed.length - 1)];
  if (next === undefined) return;
  rlvr.go({ group: next });
  document.querySelector(`[data-group="${next}"]`)?.scrollIntoView({ block: "nearest" });
};

rlvr.key = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && field) return event.target.blur();
  if (field) return;
  const tabs = tabsHere(), on = rlvr.at.tab === "rollouts", { iterations } = rlvr.runs[rlvr.at.run];
  const move = (by) => { const to = iterations[iterations.indexOf(rlvr.at.iteration) + by]; if (on && to !== undefined) rlvr.go({ iteration: to, group: null }); };
  const cycle = () => { const kinds = ["", ...Object.keys(rlvr.kinds)]; rlvr.show.kind = kinds[(kinds.indexOf(rlvr.show.kind) + 1) % kinds.length]; if (on) rlvr.open(); };
  const calls = { j: () => on && rlvr.step(1), k: () => on && rlvr.step(-1), "[": () => move(-1), "]": () => move(1), c: cycle,
    m: () => { rlvr.show.math = !rlvr.show.math; if (on) rlvr.open(); }, d: rlvr.theme, "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("keys").showModal() };
  if (/^[1-6]$/.test(event.key) && tabs[Number(event.key) - 1]) rlvr.go({ tab: tabs[Number(event.key) - 1] });
  else if (event.key in calls) calls[event.key]();
  else return;
  event.preventDefault();
};

rlvr.frame = () => {
  const tabs = document.getElementById("tabs"), runs = document.getElementById("runs"), keys = document.getElementById("keys");
  for (const tab of tabsHere()) {
    const button = rlvr.el("button", { role: "tab", on: { click: () => rlvr.go({ tab }) } }, tab);
    button.dataset.tab = tab;
    tabs.append(button);
  }
  rlvr.runs.forEach((run, r) => {
    const swatch = rlvr.el("span", { className: "swatch", style: { color: rlvr.colour(r) } });
    const toggle = rlvr.el("button", { title: "Show or hide its curves", ariaPressed: "true" }, swatch, run.name);
    toggle.addEventListener("click", () => {
      if (!rlvr.hidden.delete(r)) rlvr.hidden.add(r);
      toggle.ariaPressed = String(!rlvr.hidden.has(r));
      if (rlvr.at.tab === "curves") rlvr.draw_tab();
    });
    runs.append(toggle);
  });
  keys.append(rlvr.el("table", {}, ...KEYS.map(([key, does]) => rlvr.el("tr", {}, rlvr.el("td", {}, rlvr.el("kbd", {}, key)), rlvr.el("td", {}, does)))),
    rlvr.el("button", { on: { click: () => keys.close() } }, "close"));
  document.getElementById("theme").addEventListener("click", rlvr.theme);
  document.getElementById("help").addEventListener("click", () => keys.showModal());
};

(async () => {
  try { const kept = localStorage.getItem("rlvr-theme"); if (kept) document.documentElement.dataset.theme = kept; } catch { /* as above */ }
  try { await rlvr.load(); } catch (error) {
    document.getElementById("view").textContent = `This page cannot be read here (${error.message}). It needs a browser of 2023 or later.`;
    throw error;
  }
  rlvr.frame();
  document.addEventListener("keydown", rlvr.key);
  window.addEventListener("popstate", () => { rlvr.read_address(); rlvr.draw_tab(); });
  rlvr.read_address();
  rlvr.draw_tab();
  document.body.dataset.ready = "yes";
})();
