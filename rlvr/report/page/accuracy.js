"use strict";
// One chart a suite: a point a model with its 95 % interval as a bar, and the same numbers in a table below.
rlvr.percent = (share) => share === null ? "-" : `${(100 * share).toFixed(1)} %`;
rlvr.short = (name) => name.replace(/\/model$/, "").split("/").pop();

// The interval of each point: a vertical bar with two feet.
rlvr.whiskers = (points, xs, colour) => (u) => {
  const { ctx } = u, foot = 5 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  points.forEach((point, i) => {
    if (point === null || point.accuracy === null) return;
    const x = u.valToPos(xs[i], "x", true), low = u.valToPos(100 * point.low, "y", true), high = u.valToPos(100 * point.high, "y", true);
    ctx.moveTo(x, low); ctx.lineTo(x, high);
    for (const y of [low, high]) { ctx.moveTo(x - foot, y); ctx.lineTo(x + foot, y); }
  });
  ctx.stroke();
  ctx.restore();
};

rlvr.accuracy_chart = (holder, points, data) => {
  const style = getComputedStyle(document.body), colour = style.getPropertyValue("--accent").trim();
  const axis = { stroke: style.getPropertyValue("--quiet"), font: "12px system-ui", grid: { stroke: style.getPropertyValue("--line"), width: 0.5 }, ticks: { show: false } };
  const known = points.filter((p) => p !== null && p.accuracy !== null);
  const low = Math.min(...known.map((p) => 100 * p.low)), high = Math.max(...known.map((p) => 100 * p.high)), room = Math.max(1, 0.06 * (high - low));
  const xs = data.x, margin = xs.length > 1 ? 0.06 * (xs.at(-1) - xs[0]) : 1;
  const models = data.axis === "model"; // which have no order, so that no line leads from one to the next
  const names = models ? (u, ticks) => ticks.map((t) => Number.isInteger(t) && data.models[t] !== undefined ? rlvr.short(data.models[t]) : "") : (u, ticks) => ticks.map((t) => rlvr.number(t));
  new uPlot({
    width: Math.max(280, holder.clientWidth - 24), height: 260, legend: { show: false }, cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, range: [xs[0] - margin, xs.at(-1) + margin] }, y: { range: [Math.max(0, low - room), Math.min(100, high + room)] } },
    axes: [{ ...axis, size: 28, values: names, ...(models || xs.length === 1 ? { splits: () => xs } : {}) }, { ...axis, size: 56, values: (u, ticks) => ticks.map((t) => `${rlvr.number(t)} %`) }],
    series: [{}, { stroke: colour, width: 1.6, spanGaps: true, ...(models ? { paths: () => null } : {}), points: { show: true, size: 7, fill: colour } }],
    hooks: { draw: [rlvr.whiskers(points, xs, colour)] },
  }, [xs, points.map((p) => p === null || p.accuracy === null ? null : 100 * p.accuracy)], holder);
};

rlvr.accuracy_table = (data) => {
  const suites = Object.keys(data.suites);
  const cell = (p) => p === null ? "-" : `${rlvr.percent(p.accuracy)} (${rlvr.percent(p.low)} to ${rlvr.percent(p.high)})`;
  const rows = data.models.map((name, i) => rlvr.el("tr", {}, rlvr.el("td", {}, rlvr.visible(name)), ...suites.map((s) => rlvr.el("td", {}, cell(data.suites[s][i])))));
  return rlvr.el("table", {}, rlvr.el("tr", {}, rlvr.el("th", {}, "model"), ...suites.map((s) => rlvr.el("th", {}, s))), ...rows);
};

(async () => {
  const view = document.getElementById("view"), data = await rlvr.unpack(document.getElementById("accuracy").textContent);
  const grid = rlvr.el("div", { className: "charts" });
  view.replaceChildren(grid, rlvr.el("h2", {}, "the same in numbers"), rlvr.el("div", { className: "scroll" }, rlvr.accuracy_table(data)));
  for (const [name, points] of Object.entries(data.suites)) {
    const first = points.find((p) => p !== null);
    const about = first ? `${first.problems.toLocaleString("en")} problems, ${first.samples === 1 ? "1 sample" : `${first.samples} samples`} each, by ${data.axis}` : "";
    const box = rlvr.el("section", { className: "chart" }, rlvr.el("h3", {}, rlvr.visible(name)), rlvr.el("p", {}, about));
    grid.append(box);
    if (points.some((p) => p !== null && p.accuracy !== null)) rlvr.accuracy_chart(box, points, data);
  }
  document.body.dataset.ready = "yes";
})();
