// A study: pairs of pictures in random order and on random sides. STUDY (study.js) holds its items.
"use strict";

const by = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const rater = asked.get("rater") ?? crypto.randomUUID();
const random = generator(`${STUDY.id} ${rater}`);
const shows = shuffled([...mine(), ...STUDY.vigilance]);
const first = shuffled(shows.map((_, i) => i % 2)); // which picture stands on the left, half of the time each
const answers = [];
let shown = 0;

/** Numbers in [0, 1) that depend on a text only (FNV-1a, then mulberry32). */
function generator(text) {
  let state = 2166136261;
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0), 16777619) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

/** The items of this rater: numbered raters take the items in turn, so that all are seen equally often. */
function mine() {
  const number = /^\d+$/.test(rater) ? Number(rater) : Math.floor(random() * STUDY.items.length);
  const from = number * STUDY.each;
  const count = Math.min(STUDY.each, STUDY.items.length);
  return Array.from({ length: count }, (_, i) => STUDY.items[(from + i) % STUDY.items.length]);
}

function show() {
  by("pair").replaceChildren();
  if (shown === shows.length) return finish();
  const item = shows[shown];
  const start = performance.now();
  by("question").textContent = STUDY.question;
  by("prompt").textContent = item.prompt;
  by("progress").textContent = `${shown + 1} of ${shows.length}`;
  by("pair").style.setProperty("--least", STUDY.wide ? "100%" : "300px");
  for (const [place, index] of [first[shown], 1 - first[shown]].entries()) {
    const button = document.createElement("button");
    const picture = document.createElement("img");
    picture.src = item.pictures[index];
    picture.alt = `Picture ${place + 1}`;
    button.append(picture, `${place + 1}`);
    button.onclick = () => {
      answers.push({ item: item.id, chosen: index, left: first[shown], seconds: (performance.now() - start) / 1000 });
      shown += 1;
      show();
    };
    by("pair").append(button);
  }
}

async function finish() {
  const text = JSON.stringify({ study: STUDY.id, rater, answers });
  by("question").textContent = "";
  by("prompt").textContent = "";
  by("progress").textContent = "";
  by("thanks").hidden = false;
  by("save").href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  by("save").download = `answers-${rater}.json`;
  if (!STUDY.endpoint) return;
  const answer = await fetch(STUDY.endpoint, { method: "POST", body: text, headers: { "Content-Type": "application/json" } });
  if (answer.ok) by("thanks").textContent = "Thank you. Your answers have been sent.";
}

document.onkeydown = ({ key }) => by("pair").children[{ 1: 0, 2: 1 }[key]]?.click();

show();
