"use strict";
// The runs' data: base64 of gzipped JSON in elements that no browser runs, opened when somebody looks.
const rlvr = { runs: [], shared: null, cache: new Map(), hidden: new Set() };

rlvr.bytes = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
};

rlvr.unpack = async (text) => {
  const stream = new Blob([rlvr.bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};

// A long page is shown while its end is still being read: a block that is not there yet is waited for.
rlvr.element = (id) => new Promise((found, missing) => {
  const look = () => {
    const element = document.getElementById(id);
    if (element && (element.nextSibling || document.readyState !== "loading")) found(element);
    else if (document.readyState !== "loading") missing(new Error(`the page holds no ${id}: it was cut short`));
    else setTimeout(look, 30);
  };
  look();
});

// The blocks used last stay open; more than these would fill the memory of a phone.
rlvr.block = (id) => {
  const cached = rlvr.cache.get(id);
  if (cached) { rlvr.cache.delete(id); rlvr.cache.set(id, cached); return cached; }
  const opened = rlvr.element(id).then((element) => rlvr.unpack(element.textContent));
  rlvr.cache.set(id, opened);
  if (rlvr.cache.size > 24) rlvr.cache.delete(rlvr.cache.keys().next().value);
  return opened;
};

// A group of a run: [iteration, prompt, first rollout, size, block, place], with texts and token values.
rlvr.group = async (run, number) => {
  const [iteration, prompt, first, size, block, place] = rlvr.runs[run].rollouts.groups[number];
  const [texts, values] = await Promise.all([rlvr.block(`r${run}t${block}`), rlvr.block(`r${run}v${block}`)]);
  return { run, number, iteration, prompt, first, size, texts: texts[place], values: values[place] };
};

rlvr.load = async () => {
  rlvr.shared = await rlvr.unpack(document.getElementById("shared").textContent);
  for (let i = 0; document.getElementById(`run${i}`); i++)
    rlvr.runs.push(await rlvr.unpack(document.getElementById(`run${i}`).textContent));
  for (const run of rlvr.runs) {
    const { groups, iteration } = run.rollouts;
    run.iterations = [...new Set(groups.map((g) => g[0]))].sort((a, b) => a - b);
    run.groupsOf = new Map(run.iterations.map((i) => [i, []]));
    groups.forEach((g, n) => run.groupsOf.get(g[0]).push(n));
    run.count = iteration.length;
  }
};
