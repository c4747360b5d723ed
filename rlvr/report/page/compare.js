"use strict";
// Two sides, each the seeds of one recipe: the ends in a table, the means with their intervals as curves.
rlvr.pair = (found) => found === null ? "-" : rlvr.number(found.mean) + (found.low === null ? "" : ` (${rlvr.number(found.low)} to ${rlvr.number(found.high)})`);

rlvr.bands = (holder, metric, sides) => {
  const xs = [...new Set(sides.flatMap((s) => s.x))].sort((a, b) => a - b), series = [{ label: "iteration" }], data = [xs], bands = [];
  sides.forEach((side, n) => {
    const place = new Map(side.x.map((x, i) => [x, i])), column = (name) => xs.map((x) => place.has(x) ? side[name][place.get(x)] : null);
    const colour = COLOURS[n], edge = { stroke: "transparent", points: { show: false }, spanGaps: true, value: (u, v) => rlvr.number(v) };
    bands.push({ series: [series.length + 2, series.length + 1], fill: `${colour}33` });
    series.push({ label: rlvr.shared.comparison.sides[n].name, stroke: colour, width: 1.8, spanGaps: true, value: (u, v) => rlvr.number(v), points: { show: side.x.length < 12, size: 5 } },
      { ...edge, label: "low" }, { ...edge, label: "high" });
    data.push(column("mean"), column("low"), column("high"));
  });
  const style = getComputedStyle(document.body), axis = { stroke: style.getPropertyValue("--quiet"), size: 46, font: "11px system-ui", grid: { stroke: style.getPropertyValue("--line"), width: 0.5 }, ticks: { show: false } };
  new uPlot({ width: Math.max(260, holder.clientWidth - 20), height: 150, legend: { show: false }, scales: { x: { time: false } }, series, bands,
    axes: [{ ...axis, size: 24 }, { ...axis, values: (u, ticks) => ticks.map((t) => rlvr.number(t, 2)) }] }, data, holder);
};

rlvr.compare = (view) => {
  const { sides, lines, note, curves } = rlvr.shared.comparison;
  const names = sides.map((s, n) => rlvr.el("th", {}, rlvr.el("span", { className: "swatch", style: { color: COLOURS[n] } }), rlvr.visible(s.name)));
  const table = rlvr.el("table", { className: "ends" }, rlvr.el("tr", {}, rlvr.el("th", {}, "metric at the end"), ...names, rlvr.el("th", {}, "difference")),
    ...lines.map((line) => rlvr.el("tr", { title: rlvr.shared.glossary[line.metric] ?? "" }, rlvr.el("td", {}, line.metric), rlvr.el("td", {}, rlvr.pair(line.a)), rlvr.el("td", {}, rlvr.pair(line.b)),
      rlvr.el("td", {}, rlvr.pair(line.difference), line.clear ? rlvr.el("strong", {}, " *") : ""))));
  const grid = rlvr.el("div", { className: "charts" });
  view.replaceChildren(rlvr.el("p", {}, note), grid, rlvr.el("h2", {}, "ends"), rlvr.el("div", { className: "scroll" }, table));
  for (const [metric, both] of Object.entries(curves)) {
    const box = rlvr.el("section", { className: "chart" }, rlvr.el("h3", {}, metric), rlvr.el("p", {}, rlvr.shared.glossary[metric] ?? ""));
    grid.append(box);
    rlvr.bands(box, metric, both);
  }
};
