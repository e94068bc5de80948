// A report: its samples, plots and tables. REPORT (data.js) holds {title, samples, plots, tables}. Every text goes in as
// text; only the drawings and tables, in which synclab has escaped all names, go in as markup.
"use strict";

const by = (id) => document.getElementById(id);
const filters = by("filters").elements;
const dialog = by("sample");
let part = "samples"; // or plots, tables: what the page shows
let shown = []; // the samples that pass the filters, in order
let current = null;
let views = []; // open viewers

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// The gallery

const kept = (sample) =>
  ["task", "method", "seed"].every((key) => !filters[key].value || String(sample[key]) === filters[key].value) &&
  sample.prompt.toLowerCase().includes(filters.prompt.value.trim().toLowerCase());

function fillFilters() {
  for (const key of ["task", "method", "seed"]) {
    const values = [...new Set(REPORT.samples.map((sample) => sample[key]))];
    filters[key].append(make("option", { value: "", textContent: "all" }));
    filters[key].append(...values.map((value) => make("option", { value, textContent: value })));
  }
}

// The address holds the filters and the part, so that a link leads to what is seen now.

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const field of filters) field.value = asked.get(field.name) ?? "";
  part = parts().includes(asked.get("part")) ? asked.get("part") : "samples";
}

function writeAddress() {
  const chosen = Array.from(filters, ({ name, value }) => [name, value]).filter(([, value]) => value);
  if (part !== "samples") chosen.push(["part", part]);
  history.replaceState(null, "", `#${new URLSearchParams(chosen)}`);
}

const parts = () => ["samples", "plots", "tables"].filter((name) => REPORT[name].length);

function drawParts() {
  const buttons = parts().map((name) =>
    make("button", { type: "button", textContent: name, ariaPressed: String(name === part), onclick: () => openPart(name) }),
  );
  by("parts").replaceChildren(...(buttons.length > 1 ? buttons : []));
}

function openPart(name) {
  part = name;
  writeAddress();
  draw();
  by("parts").querySelector("[aria-pressed=true]").focus();
}

function draw() {
  drawParts();
  for (const field of document.querySelectorAll(".of-samples")) field.hidden = part !== "samples";
  if (part === "samples") drawGallery();
  else drawOthers(part === "plots" ? drawPlot : drawTable);
}

function drawOthers(drawOne) {
  const found = REPORT[part].filter(({ task }) => !filters.task.value || task === filters.task.value);
  by("count").textContent = `${found.length} of ${REPORT[part].length} ${part}`;
  by("gallery").replaceChildren(make("div", { className: part }, ...found.map(drawOne)));
}

function drawPlot(plot) {
  const drawing = new DOMParser().parseFromString(plot.svg, "image/svg+xml").documentElement;
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", `${plot.title}, ${plot.task}. ${plot.alt}`);
  const file = (kind) => make("a", { href: `${encodeURI(plot.file)}.${kind}`, textContent: kind.toUpperCase() });
  const heading = make("h2", {}, plot.title, " ", make("small", { textContent: `${plot.run} / ${plot.task}` }));
  const caption = make("figcaption", {}, heading, make("span", {}, file("svg"), " ", file("csv")));
  const scrolled = make("div", { className: "wide", tabIndex: 0, role: "region", ariaLabel: plot.title }, drawing);
  const figure = make("figure", {}, caption, scrolled);
  figure.style.setProperty("--width", drawing.getAttribute("width"));
  return figure;
}

function drawTable(table) {
  const heading = make("h2", {}, table.title, " ", make("small", { textContent: `${table.run} / ${table.name}` }));
  return make("section", {}, heading, make("div", { innerHTML: table.html }));
}

function drawGallery() {
  shown = REPORT.samples.filter(kept);
  const groups = Map.groupBy(shown, (sample) => `${sample.task}\n${headingOf(sample)}`);
  by("count").textContent = `${shown.length} of ${REPORT.samples.length} samples`;
  by("gallery").replaceChildren(...Array.from(groups.values(), drawGroup));
}

// Prompts are headings and methods labels; of a single method it is the other way round.

const headingOf = (sample) => (filters.method.value ? sample.method : sample.prompt || "(no prompt)");
const labelOf = (sample) => (filters.method.value ? sample.prompt || "(no prompt)" : sample.method);

function drawGroup(samples) {
  const [first] = samples;
  const heading = make("h2", {}, headingOf(first), " ", make("small", { textContent: first.task }));
  const grid = make("div", { className: "grid" }, ...samples.map(drawCard));
  grid.style.setProperty("--card-width", first.shape[0] > 1.5 * first.shape[1] ? "340px" : "180px");
  return make("section", {}, heading, grid);
}

function drawCard(sample) {
  const [width, height] = sample.shape;
  const shape = { width, height, loading: "lazy", decoding: "async" };
  const picture = make("img", { ...shape, src: sample.thumbnail, alt: describe(sample) });
  const seconds = sample.seconds === null ? "" : `, ${sample.seconds.toFixed(0)} s`;
  const small = make("small", { textContent: `seed ${sample.seed}${seconds}` });
  const label = make("span", {}, make("span", { textContent: labelOf(sample) }), small);
  return make("button", { className: "card", type: "button", onclick: () => openSample(sample) }, picture, label);
}

const describe = (sample) => `${sample.method}, ${sample.task}: ${sample.prompt || "no prompt"}, seed ${sample.seed}`;

// One sample, alone or beside another method's

function openSample(sample) {
  current = sample;
  by("name").textContent = describe(sample);
  fillRivals(sample);
  drawStage();
  drawFacts(sample);
  if (!dialog.open) dialog.showModal();
}

const rivals = (sample) =>
  REPORT.samples.filter(
    (other) =>
      other !== sample && other.task === sample.task && other.prompt === sample.prompt && other.seed === sample.seed,
  );

function fillRivals(sample) {
  const select = by("against").querySelector("select");
  const wanted = select.value;
  const others = rivals(sample);
  const options = others.map(({ method }) => make("option", { value: method, textContent: method }));
  select.replaceChildren(make("option", { value: "", textContent: "nothing" }), ...options);
  select.value = others.some(({ method }) => method === wanted) ? wanted : "";
  by("against").hidden = !others.length;
}

async function drawStage() {
  for (const view of views) view.close();
  views = [];
  const stage = by("stage");
  const method = by("against").querySelector("select").value;
  const other = rivals(current).find((rival) => rival.method === method);
  const pair = other ? [current, other] : [current];
  stage.replaceChildren();
  stage.className = pair.length > 1 && current.kind !== "picture" ? "side" : "";
  if (current.kind === "picture") {
    by("hint").textContent = other ? "Move the slider to uncover one or the other." : "";
    stage.append(...(other ? drawSlider(current, other) : [drawPicture(current)]));
    return;
  }
  const playing = current.kind === "motion" ? " Space bar to play or pause." : "";
  by("hint").textContent = `Drag or use the arrow keys to turn, wheel or + and - to zoom.${playing}`;
  const opened = await Promise.all(pair.map((sample) => openView(sample, stage)));
  views = opened.filter(Boolean);
  for (const view of views)
    view.onturn = (camera) => views.forEach((follower) => follower === view || follower.turn({ ...camera }));
}

const drawPicture = (sample) =>
  make("figure", {}, make("img", { src: sample.picture, alt: describe(sample) }), make("figcaption", { textContent: sample.method }));

function drawSlider(left, right) {
  const over = make("img", { src: right.picture, alt: describe(right), className: "over" });
  const under = make("img", { src: left.picture, alt: describe(left) });
  const slider = make("input", { type: "range", min: 0, max: 100, step: 0.1, value: 50, ariaLabel: `${left.method} or ${right.method}` });
  const figure = make("figure", {}, under, over, make("div", { className: "rule" }));
  slider.oninput = () => figure.style.setProperty("--split", `${slider.value}%`);
  figure.append(make("figcaption", { textContent: `${left.method} | ${right.method}` }), slider);
  return [figure];
}

async function openView(sample, stage) {
  const canvas = make("canvas", { tabIndex: 0, ariaLabel: describe(sample), role: "img" });
  const figure = make("figure", {}, canvas, make("figcaption", { textContent: sample.method }));
  stage.append(figure);
  try {
    const bytes = await bytesOf(sample);
    return await (sample.kind === "motion" ? Motion.open(canvas, bytes) : Viewers.open(sample.kind, canvas, bytes));
  } catch (error) {
    figure.replaceChildren(...drawPicture(sample).children);
    by("hint").textContent = `Shown flat: ${error.message}`;
    return null;
  }
}

// Browsers refuse to read files beside a page that is itself a file, so media/*.js hold them as text.

const waiting = new Map(); // the scripts that are being read: their promises and how to keep them

function give(name, text) {
  waiting.get(name).resolve(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  waiting.delete(name);
}

function bytesOf(sample) {
  if (!sample.media) return fetchBytes(sample.file);
  if (!waiting.has(sample.media)) readScript(sample.media);
  return waiting.get(sample.media).promise;
}

function readScript(media) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const onerror = () => {
    waiting.delete(media);
    reject(new Error(`${media} is missing`));
  };
  waiting.set(media, { promise, resolve });
  document.head.append(make("script", { src: media, onerror }));
}

async function fetchBytes(file) {
  if (location.protocol === "file:")
    throw new Error("too large for this page; open it with `synclab view` or any web server");
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file} is missing`);
  return answer.arrayBuffer();
}

function drawFacts(sample) {
  const files = make("span", {}, ...sample.files.flatMap((file) => [make("a", { href: file, textContent: file.split("/").pop() }), " "]));
  const facts = [
    ...(sample.command ? [["Made by", make("code", { textContent: sample.command })]] : []),
    ["Files", files],
    ...Object.entries(sample.facts).map(([name, value]) => [name, String(value)]),
  ];
  by("facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", {}, value)]));
}

function step(by) {
  const index = shown.indexOf(current) + by;
  if (index >= 0 && index < shown.length) openSample(shown[index]);
}

// Controls

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  by("theme").textContent = theme === "dark" ? "Light" : "Dark";
}

by("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
by("previous").onclick = () => step(-1);
by("next").onclick = () => step(1);
by("close").onclick = () => dialog.close();
by("against").onchange = drawStage;
by("filters").onsubmit = (event) => event.preventDefault();
by("filters").oninput = () => {
  writeAddress();
  draw();
};
onhashchange = () => {
  if (!location.hash.includes("=")) return; // a note of a table
  readAddress();
  draw();
};
dialog.onclose = () => views.splice(0).forEach((view) => view.close());
dialog.onkeydown = ({ key, target }) => {
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
  if (key === "ArrowLeft") step(-1);
  if (key === "ArrowRight") step(1);
};
document.onkeydown = (event) => {
  if (event.key !== "/" || part !== "samples" || dialog.open || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  filters.prompt.focus();
};

document.title = REPORT.title;
by("title").textContent = REPORT.title;
setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
fillFilters();
readAddress();
draw();
onload = () => {
  if (shown.length === 1 && REPORT.samples.length === 1) openSample(shown[0]); // the viewers load last
};
