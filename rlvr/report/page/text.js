"use strict";
// Foreign text becomes text nodes and nothing else; what would act in a terminal or turn the reading direction is made visible.
rlvr.el = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (name === "style") Object.assign(element.style, value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

rlvr.visible = (text) => text.replace(
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
  (c) => {
    const code = c.charCodeAt(0);
    if (code < 32) return String.fromCharCode(0x2400 + code);
    if (code === 127) return "\u2421";
    return `\u27e8${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });

rlvr.number = (value, digits = 3) => value === null || value === undefined ? "-"
  : Number.isInteger(value) ? String(value) : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
    ? String(Number(value.toPrecision(digits + 1))) : value.toExponential(2);

// What a kind of token value means: from its byte to a number, and to a colour on either ground.
rlvr.kinds = {
  logprob: { name: "log-prob", value: (b) => -16 * (b / 254) ** 2, colour: (v) => `rgba(214,72,50,${1 - Math.exp(v / 2)})`,
    scale: "linear-gradient(90deg,transparent,rgba(214,72,50,1))", ends: ["certain", "unlikely"] },
  entropy: { name: "entropy", value: (b) => 8 * (b / 254) ** 2, colour: (v) => `rgba(66,110,230,${Math.min(1, v / 3)})`,
    scale: "linear-gradient(90deg,transparent,rgba(66,110,230,1))", ends: ["0 nats", "3 nats"] },
  ratio: { name: "ratio trainer / engine", value: (b) => Math.exp(b / 254 - 0.5),
    colour: (v) => v > 1 ? `rgba(222,140,20,${Math.min(1, (v - 1) * 4)})` : `rgba(30,150,160,${Math.min(1, (1 - v) * 4)})`,
    scale: "linear-gradient(90deg,rgba(30,150,160,1),transparent,rgba(222,140,20,1))", ends: ["0.75", "1.25"] },
  advantage: { name: "advantage", value: (b, top) => (b / 254 - 0.5) * 2 * top,
    colour: (v, top) => v > 0 ? `rgba(26,150,90,${v / top * .8})` : `rgba(205,60,50,${-v / top * .8})`,
    scale: "linear-gradient(90deg,rgba(205,60,50,.8),transparent,rgba(26,150,90,.8))", ends: ["below", "above"] },
};

const LONG = 20000; // characters of a completion that are shown at once

rlvr.words = (text, values, kind, math, all = false) => {
  const block = rlvr.el("div", { className: "words-block" });
  const shown = all ? text : text.slice(0, LONG);
  if (kind && values && values.lengths && values[kind]) rlvr.coloured(block, shown, values, kind);
  else if (math) rlvr.withMath(block, shown);
  else block.append(rlvr.visible(shown));
  if (shown.length < text.length) {
    const more = rlvr.el("button", {}, `show all ${text.length.toLocaleString("en")} characters`);
    more.addEventListener("click", () => block.replaceWith(rlvr.words(text, values, kind, math, true)));
    block.append(" ... ", more);
  }
  return block;
};

rlvr.coloured = (block, text, values, kind) => {
  const { value, colour, name } = rlvr.kinds[kind], top = values[`${kind}_max`] || 1;
  const lengths = Array.isArray(values.lengths) ? values.lengths : rlvr.bytes(values.lengths), bytes = rlvr.bytes(values[kind]);
  // Lengths count code points, as Python does; a JavaScript string counts UTF-16 units.
  const plain = !/[\ud800-\udfff]/.test(text), points = plain ? text : Array.from(text);
  for (let i = 0, at = 0; i < lengths.length && at <= points.length; i++) {
    const part = plain ? text.slice(at, at + lengths[i]) : points.slice(at, at + lengths[i]).join("");
    at += lengths[i];
    const known = bytes[i] !== 255, number = known ? value(bytes[i], top) : null;
    const token = rlvr.el("span", { className: lengths[i] ? "t" : "t end" }, lengths[i] ? rlvr.visible(part) : "\u220e");
    token.title = `token ${i + 1}: ${name} ${known ? rlvr.number(number, 2) : "not known"}`;
    if (known) token.style.backgroundColor = colour(number, top);
    block.append(token);
  }
};

const MATH = /\$\$([^$]{1,2000})\$\$|\$([^$\n]{1,500})\$|\\\[([\s\S]{1,2000}?)\\\]|\\\(([\s\S]{1,1000}?)\\\)|(\\boxed\{[^{}\n]{0,200}(?:\{[^{}\n]{0,100}\}[^{}\n]{0,100}){0,8}\})/g;

rlvr.withMath = (block, text) => {
  let at = 0, formulas = 0;
  for (const match of text.matchAll(MATH)) {
    if (++formulas > 300) break;
    block.append(rlvr.visible(text.slice(at, match.index)));
    const tex = match.slice(1).find((part) => part !== undefined), holder = rlvr.el("span", { title: match[0] });
    try { // KaTeX makes nodes of its own kinds only; `trust` off: no links, no pictures, no attributes from the text
      katex.render(tex, holder, { output: "mathml", throwOnError: true, trust: false, strict: "ignore", maxExpand: 200,
        maxSize: 20, displayMode: match[1] !== undefined || match[3] !== undefined });
    } catch { holder.textContent = rlvr.visible(match[0]); }
    block.append(holder);
    at = match.index + match[0].length;
  }
  block.append(rlvr.visible(text.slice(at)));
};
