"use strict";
// The curves: every metric of every run, drawn when it scrolls into view; a click opens the iteration.
const COLOURS = ["#2f6fd6", "#d8702a", "#2b9d68", "#a349b8", "#b8402f", "#7d8a1c"];
const FIRST = ["reward/mean", "reward/shaped_mean", "group/zero_std_rate", "group/solved_rate", "tokens/completion_mean",
  "tokens/truncated_rate", "policy/entropy", "policy/kl", "policy/kl_reference", "mismatch/kl", "train/loss", "train/grad_norm",
  "pairs/accuracy", "verifier/error_rate"];

rlvr.colour = (run) => COLOURS[run % COLOURS.length];
rlvr.state = { smoothing: 0, search: "" };

rlvr.smoothed = (values, amount) => {
  if (!amount) return values;
  let mean = null, weight = 0; // a mean that forgets, without the pull of a start at 0
  return values.map((v) => {
    if (v === null) return null;
    mean = amount * (mean ?? 0) + (1 - amount) * v; weight = amount * weight + 1 - amount;
    return mean / weight;
  });
};

rlvr.metricNames = () => {
  const names = new Set(rlvr.runs.flatMap((run) => Object.keys(run.metrics.columns)));
  const evals = [...names].filter((n) => n.startsWith("eval/") && /accuracy$/.test(n));
  const first = [...FIRST.slice(0, 1), ...evals, ...FIRST.slice(1)].filter((n) => names.has(n));
  return { first, rest: [...names].filter((n) => !first.includes(n)).sort() };
};

rlvr.series = (name) => {
  const shown = rlvr.runs.map((run, r) => r).filter((r) => !rlvr.hidden.has(r) && name in rlvr.runs[r].metrics.columns);
  const xs = [...new Set(shown.flatMap((r) => rlvr.runs[r].metrics.iterations))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, i) => [x, i]));
  const lines = shown.map((r) => {
    const { iterations, columns } = rlvr.runs[r].metrics, line = new Array(xs.length).fill(undefined);
    iterations.forEach((x, i) => { const v = columns[name][i]; line[place.get(x)] = v === null ? undefined : v; });
    return line;
  });
  return { shown, xs, lines };
};

rlvr.draw = (holder, name) => {
  const { shown, xs, lines } = rlvr.series(name), amount = rlvr.state.smoothing;
  const sparse = (line) => line.filter((v) => v !== undefined).length < 2 || line.filter((v) => v !== undefined).length < xs.length / 2;
  const data = [xs, ...lines.map((line) => rlvr.smoothed(line.map((v) => v ?? null), amount))];
  const ink = getComputedStyle(document.body), axis = { stroke: ink.getPropertyValue("--quiet"), size: 46, font: "11px system-ui",
    grid: { stroke: ink.getPropertyValue("--line"), width: 0.5 }, ticks: { show: false } };
  const plot = new uPlot({
    width: Math.max(260, holder.clientWidth - 20), height: 150, cursor: { sync: { key: "iteration" }, drag: { x: true, y: false } },
    scales: { x: { time: false } }, legend: { live: true },
    axes: [{ ...axis, size: 24 }, { ...axis, values: (u, ticks) => ticks.map((t) => rlvr.number(t, 2)) }],
    series: [{ label: "iteration" }, ...shown.map((r, i) => ({ label: rlvr.runs[r].name, stroke: rlvr.colour(r), width: 1.6,
      spanGaps: true, points: { show: sparse(lines[i]), size: 5 }, value: (u, v) => rlvr.number(v) }))],
  }, data, holder);
  // A drag zooms, a double click shows everything again, a click opens the iteration.
  let down = 0;
  plot.over.addEventListener("mousedown", (event) => { down = event.clientX; });
  plot.over.addEventListener("click", (event) => {
    if (Math.abs(event.clientX - down) > 3 || !shown.length) return;
    const x = plot.posToVal(event.offsetX, "x"), run = shown.find((r) => rlvr.runs[r].iterations.length);
    if (run === undefined) return;
    const near = rlvr.runs[run].iterations.reduce((a, b) => Math.abs(b - x) < Math.abs(a - x) ? b : a);
    rlvr.go({ tab: "rollouts", run, iteration: near, group: null });
  });
  return plot;
};

rlvr.chart = (name, watch) => {
  const about = rlvr.shared.glossary[name] ?? rlvr.shared.glossary[name.replace(/^eval\/[^/]+\//, "eval/*/")]
    ?? (name.startsWith("part/") ? rlvr.shared.glossary["part/*"] : "");
  const box = rlvr.el("section", { className: "chart", title: about ?? "" }, rlvr.el("h3", {}, name), rlvr.el("p", {}, about ?? ""));
  box.dataset.metric = name;
  watch.observe(box);
  return box;
};

rlvr.curves = (view) => {
  const watch = new IntersectionObserver((entries) => entries.forEach((e) => {
    if (e.isIntersecting && !e.target.dataset.drawn) { e.target.dataset.drawn = "yes"; rlvr.draw(e.target, e.target.dataset.metric); }
  }), { rootMargin: "300px" });
  const charts = rlvr.el("div", { id: "charts" });
  const fill = () => {
    const wanted = rlvr.state.search.toLowerCase(), { first, rest } = rlvr.metricNames();
    const fits = (names) => names.filter((n) => n.toLowerCase().includes(wanted));
    const grid = (names) => rlvr.el("div", { className: "charts" }, ...names.map((n) => rlvr.chart(n, watch)));
    const more = rlvr.el("details", { open: Boolean(wanted) }, rlvr.el("summary", {}, `${fits(rest).length} more metrics`));
    more.append(grid(fits(rest)));
    charts.replaceChildren(grid(fits(first)), ...(fits(rest).length ? [more] : []));
  };
  const search = rlvr.el("input", { id: "search", type: "search", placeholder: "metric (/)", value: rlvr.state.search,
    on: { input: (e) => { rlvr.state.search = e.target.value; fill(); } } });
  const smooth = rlvr.el("input", { id: "smoothing", type: "range", min: 0, max: 0.98, step: 0.02, value: rlvr.state.smoothing,
    on: { change: (e) => { rlvr.state.smoothing = Number(e.target.value); fill(); } } });
  const warned = rlvr.runs.flatMap((run) => run.warnings.map((w) => [run.name, w]));
  view.replaceChildren(
    ...(warned.length ? [rlvr.el("div", { className: "warnings", role: "status" }, ...warned.map(([name, w]) =>
      rlvr.el("p", {}, rlvr.el("strong", {}, w.rule.replaceAll("_", " ")), ` (${name}, iteration ${w.iteration}): ${w.text}`)))] : []),
    rlvr.el("div", { className: "bar" }, search, rlvr.el("label", {}, "smoothing", smooth),
      rlvr.el("span", { className: "quiet" }, "drag: zoom, double click: all, click: the iteration's completions")), charts);
  fill();
};
