"use strict";
// Flips of the same prompt between its first and its last iteration, events, the verifier's times, recipe and environment.
rlvr.flipsOf = (run) => {
  const { groups, prompts } = rlvr.runs[run].rollouts, seen = new Map();
  groups.forEach(([, prompt], n) => { const s = seen.get(prompt); if (s) s[1] = n; else seen.set(prompt, [n, n]); });
  const rows = [];
  for (const [prompt, [a, b]] of seen) {
    if (groups[a][0] === groups[b][0]) continue;
    const before = rlvr.mean(run, groups[a][2], groups[a][3]), after = rlvr.mean(run, groups[b][2], groups[b][3]);
    if (before !== null && after !== null && before !== after) rows.push({ prompt, a, b, before, after, id: prompts[prompt][0], excerpt: prompts[prompt][1] });
  }
  return { rows: rows.sort((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before)), twice: [...seen.values()].filter(([a, b]) => groups[a][0] !== groups[b][0]).length };
};

rlvr.flips = (view) => {
  const parts = [];
  rlvr.runs.forEach((run, r) => {
    const { rows, twice } = rlvr.flipsOf(r), up = rows.filter((x) => x.after > x.before).length, both = rlvr.el("div", {});
    const open = async ({ a, b }) => {
      const [first, last] = await Promise.all([rlvr.group(r, a), rlvr.group(r, b)]);
      both.replaceChildren(rlvr.colourBar(() => open({ a, b })), rlvr.detail(first), rlvr.detail(last));
      both.scrollIntoView({ block: "start" });
    };
    const line = (x) => rlvr.el("tr", {}, rlvr.el("td", {}, rlvr.el("button", { on: { click: () => open(x) } }, "open")),
      rlvr.el("td", { className: "words" }, rlvr.visible(x.excerpt || x.id)), rlvr.el("td", {}, `${rlvr.number(x.before)} to ${rlvr.number(x.after)}`));
    if (!twice) return parts.push(rlvr.el("h2", {}, run.name), rlvr.el("p", { className: "quiet" }, "No prompt was sampled in two iterations, so none can have flipped."));
    parts.push(rlvr.el("h2", {}, `${run.name}: ${up} prompts better, ${rows.length - up} worse, of ${twice} that were sampled at least twice`));
    if (rows.length) parts.push(rlvr.el("div", { className: "scroll" }, rlvr.el("table", { className: "flips" }, rlvr.el("tr", {}, ...["", "prompt", "mean reward, first to last"].map((h) => rlvr.el("th", {}, h))), ...rows.slice(0, 200).map(line))), both);
  });
  view.replaceChildren(...parts);
};

rlvr.times = (run, r) => {
  const { seconds, group } = run.rollouts, order = seconds.map((s, i) => i).sort((a, b) => seconds[b] - seconds[a]);
  if (!order.length) return [];
  const at = (share) => seconds[order[Math.min(order.length - 1, Math.floor((1 - share) * order.length))]] * 1000;
  const go = (i) => rlvr.go({ tab: "rollouts", run: r, iteration: run.rollouts.iteration[i], group: group[i] });
  return [rlvr.el("h2", {}, `${run.name}: time of a verdict`),
    rlvr.el("p", {}, `median ${rlvr.number(at(.5))} ms, 95 % below ${rlvr.number(at(.95))} ms, 99 % below ${rlvr.number(at(.99))} ms, slowest ${rlvr.number(seconds[order[0]] * 1000)} ms`),
    rlvr.el("p", {}, "the slowest: ", ...order.slice(0, 8).map((i) => rlvr.el("button", { on: { click: () => go(i) } }, `${rlvr.number(seconds[i] * 1000)} ms`)))];
};

rlvr.events = (view) => {
  const parts = [];
  rlvr.runs.forEach((run, r) => {
    const { status } = run.rollouts, counts = new Map();
    status.forEach((s) => { const name = rlvr.shared.statuses[s] ?? "unknown"; counts.set(name, (counts.get(name) ?? 0) + 1); });
    const said = run.events.map(({ time, event, ...rest }) => rlvr.el("tr", {}, rlvr.el("td", {}, time ? new Date(time * 1000).toISOString().replace("T", " ").slice(0, 19) : ""),
      rlvr.el("td", {}, String(event ?? "")), rlvr.el("td", { className: "words" }, rlvr.visible(rest.text !== undefined ? `${rest.iteration !== undefined ? `iteration ${rest.iteration}: ` : ""}${rest.text}` : JSON.stringify(rest)))));
    parts.push(rlvr.el("h2", {}, `${run.name}: events`), said.length ? rlvr.el("div", { className: "scroll" }, rlvr.el("table", { className: "events" }, ...said)) : rlvr.el("p", { className: "quiet" }, "none"));
    if (run.broken) parts.push(rlvr.el("p", {}, `${run.broken} lines of rollouts.jsonl were no records and are left out.`));
    if (counts.size) parts.push(rlvr.el("h2", {}, `${run.name}: verdicts`), rlvr.el("p", {}, ...[...counts].map(([name, count]) => rlvr.el("button", { className: name, on: { click: () => {
      for (const k of Object.keys(rlvr.filter)) rlvr.filter[k] = "";
      rlvr.filter.status = name; rlvr.found = null; rlvr.go({ tab: "rollouts", run: r, iteration: "all", group: null });
    } } }, rlvr.el("span", { className: "status" }, name), ` ${count}`))));
    parts.push(...rlvr.times(run, r));
  });
  view.replaceChildren(...parts);
};

rlvr.recipes = (view) => view.replaceChildren(...rlvr.runs.flatMap((run) => [rlvr.el("h2", {}, run.name), rlvr.el("pre", {}, rlvr.visible(run.recipe)),
  rlvr.el("h2", {}, `${run.name}: environment`), rlvr.el("pre", {}, rlvr.visible(run.environment))]));
