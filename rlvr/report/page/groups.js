"use strict";
// Iteration, group, completion: the list of groups on the left, the completions of one side by side on the right.
rlvr.filter = { status: "", finish: "", low: "", high: "", shortest: "", longest: "", prompt: "", text: "" };
rlvr.show = { kind: "", math: false };
rlvr.found = null; // rollouts whose text holds the searched words, once all texts were read

rlvr.matches = (run, i) => {
  const c = rlvr.runs[run].rollouts, f = rlvr.filter, reward = c.reward[i];
  if (f.status !== "" && rlvr.shared.statuses[c.status[i]] !== f.status) return false;
  if (f.finish !== "" && rlvr.shared.finishes[c.finish[i]] !== f.finish) return false;
  if (f.low !== "" && !(reward !== null && reward >= Number(f.low))) return false;
  if (f.high !== "" && !(reward !== null && reward <= Number(f.high))) return false;
  if (f.shortest !== "" && c.tokens[i] < Number(f.shortest)) return false;
  if (f.longest !== "" && c.tokens[i] > Number(f.longest)) return false;
  return rlvr.found === null || rlvr.found.has(i);
};

rlvr.filtering = () => Object.values(rlvr.filter).some((v) => v !== "");

rlvr.groupsShown = (run, iteration) => {
  const data = rlvr.runs[run], words = rlvr.filter.prompt.toLowerCase();
  const numbers = iteration === "all" ? data.rollouts.groups.map((_, n) => n) : data.groupsOf.get(iteration) ?? [];
  return numbers.filter((n) => {
    const [, prompt, first, size] = data.rollouts.groups[n], [id, excerpt] = data.rollouts.prompts[prompt];
    if (words && !id.toLowerCase().includes(words) && !excerpt.toLowerCase().includes(words)) return false;
    for (let i = first; i < first + size; i++) if (rlvr.matches(run, i)) return true;
    return false;
  });
};

// Reads the texts block by block; the page stays alive in between.
rlvr.searchTexts = async (run, words, tell) => {
  const { groups } = rlvr.runs[run].rollouts, blocks = new Map(), found = new Set();
  for (const g of groups) blocks.set(g[4], [...(blocks.get(g[4]) ?? []), g]);
  let done = 0;
  for (const [block, members] of blocks) {
    const texts = await rlvr.unpack((await rlvr.element(`r${run}t${block}`)).textContent);
    for (const [, , first, , , place] of members)
      texts[place].rollouts.forEach((r, k) => { if (r.text.toLowerCase().includes(words)) found.add(first + k); });
    tell(++done / blocks.size);
  }
  return found;
};

rlvr.dots = (run, first, size) => {
  const { status, reward } = rlvr.runs[run].rollouts, dots = rlvr.el("span", { className: "dots", ariaHidden: "true" });
  for (let i = first; i < first + Math.min(size, 32); i++) {
    const name = rlvr.shared.statuses[status[i]] ?? "unknown";
    dots.append(rlvr.el("span", { className: `dot ${name}`, title: `${name} ${rlvr.number(reward[i])}` }));
  }
  return dots;
};

rlvr.mean = (run, first, size) => {
  const rewards = rlvr.runs[run].rollouts.reward.slice(first, first + size).filter((r) => r !== null);
  return rewards.length ? rewards.reduce((a, b) => a + b, 0) / rewards.length : null;
};

rlvr.item = (run, number, current) => {
  const [iteration, prompt, first, size] = rlvr.runs[run].rollouts.groups[number], [id, excerpt] = rlvr.runs[run].rollouts.prompts[prompt];
  const item = rlvr.el("button", { className: "item", on: { click: () => rlvr.go({ group: number }) } },
    rlvr.el("span", { className: "words" }, rlvr.visible(excerpt.replaceAll("\n", " ") || id)),
    rlvr.el("span", { className: "line" }, `it ${iteration}`, rlvr.dots(run, first, size), rlvr.number(rlvr.mean(run, first, size))));
  item.dataset.group = number;
  if (number === current) item.setAttribute("aria-current", "true");
  return item;
};

rlvr.card = (group, k) => {
  const c = rlvr.runs[group.run].rollouts, i = group.first + k, rollout = group.texts.rollouts[k], values = group.values[k];
  const status = rlvr.shared.statuses[c.status[i]] ?? "unknown";
  const facts = [["reason", rollout.reason], ["answer found", rollout.answer], ["shaped", rollout.shaped !== c.reward[i] ? rlvr.number(rollout.shaped) : ""],
    ...Object.entries(rollout.terms).filter((_, n, all) => all.length > 1).map(([name, value]) => [`term ${name}`, rlvr.number(value)]),
    ...Object.entries(rollout.parts).map(([name, value]) => [`part ${name}`, rlvr.number(value)]),
    ["steps", rollout.steps.length ? rollout.steps.map(([end, pay]) => `${rlvr.number(pay)} at ${end}`).join(", ") : ""],
    ["advantage", rlvr.number(c.advantage[i])], ["length", `${c.tokens[i]} tokens, ${rlvr.shared.finishes[c.finish[i]]}`],
    ["verifier", `${rlvr.number(c.seconds[i] * 1000)} ms`]].filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const list = rlvr.el("dl", {}, ...facts.flatMap(([name, value]) => [rlvr.el("dt", {}, rlvr.visible(name)), rlvr.el("dd", {}, rlvr.visible(String(value)))]));
  return rlvr.el("article", { className: `card ${status}${rlvr.filtering() && !rlvr.matches(group.run, i) ? " dim" : ""}` },
    rlvr.el("h3", {}, `${k + 1} `, rlvr.el("span", { className: "status" }, status), ` ${rlvr.number(c.reward[i])}`), list,
    rlvr.words(rollout.text, values, rlvr.show.kind, rlvr.show.math));
};

rlvr.detail = (group) => {
  const { texts } = group, [id] = rlvr.runs[group.run].rollouts.prompts[group.prompt];
  const answer = typeof texts.answer === "string" ? texts.answer : JSON.stringify(texts.answer);
  const messages = texts.messages.map(([role, content]) => rlvr.el("div", {}, rlvr.el("span", { className: "quiet" }, rlvr.visible(role)),
    rlvr.words(content, null, "", rlvr.show.math)));
  return rlvr.el("div", { className: "group" }, rlvr.el("section", { className: "prompt" },
    rlvr.el("h3", {}, rlvr.visible(id), rlvr.el("span", { className: "quiet" }, `  iteration ${group.iteration}`)), ...messages,
    rlvr.el("p", { className: "quiet" }, "reference answer: ", rlvr.el("bdi", {}, rlvr.visible((answer ?? "none").slice(0, 2000))))),
    rlvr.el("div", { className: "cards" }, ...texts.rollouts.map((_, k) => rlvr.card(group, k))));
};

rlvr.colourBar = (redraw) => {
  const select = rlvr.el("select", { id: "kind", title: "Colour the tokens (c)", on: { change: (e) => { rlvr.show.kind = e.target.value; redraw(); } } },
    rlvr.el("option", { value: "" }, "no colour"), ...Object.entries(rlvr.kinds).map(([k, { name }]) => rlvr.el("option", { value: k }, name)));
  select.value = rlvr.show.kind;
  const math = rlvr.el("button", { id: "math", title: "Set the formulas (m)", on: { click: () => { rlvr.show.math = !rlvr.show.math; redraw(); } } }, "math");
  math.setAttribute("aria-pressed", String(rlvr.show.math));
  const bar = rlvr.el("span", { className: "bar" }, rlvr.el("label", {}, "tokens", select), math);
  if (rlvr.show.kind) {
    const { scale, ends } = rlvr.kinds[rlvr.show.kind];
    bar.append(rlvr.el("span", { className: "quiet" }, ends[0], " "), rlvr.el("span", { className: "scale", style: { background: scale } }), rlvr.el("span", { className: "quiet" }, ends[1]));
  }
  return bar;
};

rlvr.filterBar = (refill) => {
  const f = rlvr.filter, run = rlvr.at.run;
  const choice = (name, values) => {
    const select = rlvr.el("select", { id: `f-${name}`, on: { change: (e) => { f[name] = e.target.value; refill(); } } },
      rlvr.el("option", { value: "" }, `any ${name}`), ...values.map((v) => rlvr.el("option", { value: v }, v)));
    select.value = f[name];
    return select;
  };
  const field = (name, label, type) => rlvr.el("label", {}, label, rlvr.el("input", { id: `f-${name}`, type, step: "any", value: f[name],
    on: { change: (e) => { f[name] = e.target.value.trim(); refill(); } } }));
  const said = rlvr.el("span", { className: "quiet", id: "searched" });
  const text = rlvr.el("input", { id: "search", type: "search", placeholder: "text of a completion (/), Enter", value: f.text, on: { change: async (e) => {
    f.text = e.target.value.trim();
    rlvr.found = f.text ? await rlvr.searchTexts(run, f.text.toLowerCase(), (share) => { said.textContent = share < 1 ? `${Math.round(share * 100)} %` : ""; }) : null;
    refill();
  } } });
  return rlvr.el("div", { className: "bar" }, choice("status", rlvr.shared.statuses), choice("finish", rlvr.shared.finishes),
    field("low", "reward from", "number"), field("high", "to", "number"), field("shortest", "tokens from", "number"), field("longest", "to", "number"),
    field("prompt", "prompt", "search"), text, said,
    rlvr.el("button", { on: { click: () => { for (const k of Object.keys(f)) f[k] = ""; rlvr.found = null; rlvr.draw_tab(); } } }, "clear"));
};

rlvr.rollouts = (view) => {
  const at = rlvr.at, run = rlvr.runs[at.run];
  if (!run.count) return view.replaceChildren(rlvr.el("p", { className: "quiet" }, `${run.name} holds no rollouts (tracking.rollouts_every=0, or nothing was sampled).`));
  if (at.iteration === null) at.iteration = run.iterations[run.iterations.length - 1];
  const list = rlvr.el("div", { className: "list", id: "groups" }), detail = rlvr.el("div", { id: "detail" }), count = rlvr.el("span", { className: "quiet" });
  const pick = rlvr.el("select", { id: "iteration", title: "Iteration ([ and ])", on: { change: (e) => rlvr.go({ iteration: e.target.value === "all" ? "all" : Number(e.target.value), group: null }) } },
    rlvr.el("option", { value: "all" }, "all"), ...run.iterations.map((i) => rlvr.el("option", { value: i }, i)));
  pick.value = at.iteration;
  const runs = rlvr.el("select", { id: "run", on: { change: (e) => { rlvr.found = null; rlvr.filter.text = ""; rlvr.go({ run: Number(e.target.value), iteration: null, group: null }); } } },
    ...rlvr.runs.map((r, n) => rlvr.el("option", { value: n }, r.name)));
  runs.value = at.run;
  const fill = (limit = 300) => {
    rlvr.listed = rlvr.groupsShown(at.run, at.iteration);
    list.replaceChildren(...rlvr.listed.slice(0, limit).map((n) => rlvr.item(at.run, n, at.group)));
    if (rlvr.listed.length > limit) list.append(rlvr.el("button", { className: "item", on: { click: () => fill(limit + 1000) } }, `${rlvr.listed.length - limit} more`));
    count.textContent = `${rlvr.listed.length} of ${at.iteration === "all" ? run.rollouts.groups.length : run.groupsOf.get(at.iteration)?.length ?? 0} groups`;
    if (at.group === null && rlvr.listed.length) at.group = rlvr.listed[0];
    open();
  };
  const open = async () => {
    list.querySelectorAll("[aria-current]").forEach((e) => e.removeAttribute("aria-current"));
    if (at.group === null) return detail.replaceChildren(rlvr.el("p", { className: "quiet" }, "No group fits."));
    list.querySelector(`[data-group="${Number(at.group)}"]`)?.setAttribute("aria-current", "true");
    const wanted = at.group, group = await rlvr.group(at.run, wanted);
    if (wanted === at.group) detail.replaceChildren(rlvr.colourBar(open), rlvr.detail(group));
    document.body.dataset.group = `${at.run}/${wanted}`;
  };
  rlvr.open = open;
  view.replaceChildren(rlvr.el("div", { className: "bar" }, rlvr.el("label", {}, "run", runs), rlvr.el("label", {}, "iteration", pick), count),
    rlvr.filterBar(() => { at.group = null; fill(); }), rlvr.el("div", { className: "split" }, list, detail));
  fill();
};
