// What is chosen, the controls, and the cards that the canvases are in.
const index = JSON.parse(document.getElementById("index").textContent);
const TITLES = { pattern: "Attention", log: "log", linear: "linear", pt: "pT", subjet: "subjet", species: "species", file: "file" };
const state = {
  jet: 0, focus: 0, quantity: index.view.quantity, scale: index.view.scale, order: index.view.order, layer: index.view.layer,
  head: index.view.head, edges: index.view.edges, colour: index.view.colour, particle: index.view.query,
};
// Numbers of the state, and by how much more they are in an address, which counts as the app's does; the others are words.
const NUMBERS = { jet: 0, focus: 1, layer: 1, head: 1, edges: 0, particle: 1 };
const at = (id) => document.getElementById(id);
const read = new Map(); // the blocks that were read, by jet

/** Take over choices, write them into the address, and draw. */
async function choose(changes) {
  if ("jet" in changes && changes.jet !== state.jet) changes = { particle: null, ...changes };
  Object.assign(state, changes);
  const shown = { ...state, jet: index.jets[state.jet].entry };
  const address = Object.entries(shown).filter(([, value]) => value !== null);
  history.replaceState(null, "", `#${new URLSearchParams(address.map(([name, value]) => [name, value + (NUMBERS[name] || 0)]))}`);
  await draw();
}

/** Take over the choices of an address, such as of a link to this file; what does not exist is ignored. */
function fromAddress() {
  for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
    if (!(name in state)) continue;
    if (!(name in NUMBERS)) state[name] = text;
    else if (/^\d+$/.test(text)) state[name] = Math.max(0, Number(text) - NUMBERS[name]);
  }
  const entry = new URLSearchParams(location.hash.slice(1)).get("jet");
  if (entry !== null) state.jet = Math.max(0, index.jets.findIndex((jet) => String(jet.entry) === entry));
  state.focus = Math.min(state.focus, index.models.length - 1);
}

async function blocksOf(jet) {
  if (!read.has(jet)) read.set(jet, await Promise.all(index.models.map((_, model) => readBlock(jet, model))));
  return read.get(jet);
}

async function draw() {
  const blocks = await blocksOf(state.jet);
  settle(blocks.filter(Boolean));
  const theme = document.documentElement.dataset.theme;
  document.documentElement.style.setProperty("--partscope-layer", state.layer);
  document.documentElement.style.setProperty("--partscope-head", state.head);
  const first = blocks.find(Boolean);
  const position = first && state.particle !== null ? orderOf(first, state).order.indexOf(state.particle) : -9999;
  document.documentElement.style.setProperty("--partscope-position", position);
  drawHeader(first);
  drawChoices(blocks);
  blocks.forEach((block, slot) => drawCard(block, slot, theme));
}

/** Bring the choices to what these jets and models have. */
function settle(blocks) {
  const quantities = blocks.flatMap((block) => block.quantities.map(({ name }) => name));
  if (quantities.length && !quantities.includes(state.quantity)) state.quantity = quantities[0];
  if (!["log", "linear"].includes(state.scale)) state.scale = "log";
  const most = (name) => Math.max(1, ...blocks.map((block) => block[name]));
  state.layer = Math.min(state.layer, most("layers") - 1);
  state.head = Math.min(state.head, most("heads") - 1);
  state.edges = Math.min(Math.max(1, state.edges), 200);
  if (state.particle !== null && state.particle >= most("n")) state.particle = null;
}

function drawHeader() {
  const jet = index.jets[state.jet];
  at("jet").textContent = `Jet ${jet.entry}`;
  at("heading").textContent = jet.heading;
  at("left-out").textContent = jet.left_out ? `${jet.left_out} left out` : "";
  at("jets").value = state.jet;
  at("previous").disabled = state.jet === 0;
  at("next").disabled = state.jet === index.jets.length - 1;
}

function make(tag, attributes = {}, ...children) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

function drawChoices(blocks) {
  const drawn = blocks.filter(Boolean);
  const quantities = [...new Map(drawn.flatMap((block) => block.quantities).map((quantity) => [quantity.name, quantity.title]))];
  const orders = [...new Set(drawn.flatMap((block) => Object.keys(block.orders)))];
  const colours = drawn.length ? drawn[0].colours : [];
  const signed = drawn.some((block) => quantityOf(block, state)?.signed);
  const most = (name) => Math.max(1, ...drawn.map((block) => block[name]));
  const parts = [];
  if (quantities.length) {
    parts.push(
      segments("Quantity", "quantity", quantities),
      segments("Scale", "scale", [["log", "log"], ["linear", "linear"]], signed),
      segments("Order", "order", orders.map((name) => [name, TITLES[name]])),
      number("Layer", "layer", most("layers"), 1), number("Head", "head", most("heads"), 1), number("Edges", "edges", 200, 0),
    );
  }
  if (colours.length > 1) parts.push(segments("Colour", "colour", colours.map(({ name, title }) => [name, title])));
  if (state.particle !== null)
    parts.push(make("button", { id: "release", title: "Escape", onclick: () => choose({ particle: null }) }, `Constituent ${state.particle + 1} ×`));
  at("choices").replaceChildren(...parts);
}

function labelled(title, ...children) {
  return make("div", {}, make("label", {}, title), ...children);
}

function segments(title, name, options, disabled = false) {
  const buttons = options.map(([value, text]) => {
    const button = make("button", { disabled, onclick: () => choose({ [name]: value }) }, text);
    button.setAttribute("aria-pressed", state[name] === value);
    button.dataset.value = value;
    return button;
  });
  return labelled(title, make("div", { className: "segments", id: `choose-${name}` }, ...buttons));
}

/** A field whose number is `shift` more than what is kept: layers and heads count from 1 where people read them. */
function number(title, name, most, shift) {
  const field = make("input", { type: "number", id: `choose-${name}`, min: 1, max: most, value: state[name] + shift });
  field.onchange = () => choose({ [name]: Math.min(most, Math.max(1, Math.round(field.valueAsNumber) || 1)) - shift });
  return labelled(title, field);
}

/** The elements of a card, of which `drawCard` fills those that its model has. */
function card(slot) {
  const parts = Object.fromEntries(["mosaic", "head", "display", "table"].map((kind) => [kind, make("div", { className: kind })]));
  const one = index.models.length === 1;
  const grid = make("div", { className: `parts${one ? " three" : ""}` }, ...Object.values(parts));
  const elements = { ...parts, grid, model: make("div", { className: "model" }), bars: make("div", { className: "bars" }), note: make("p", { className: "note" }) };
  elements.root = make("section", { className: "card" }, elements.model, elements.bars, elements.note, grid);
  elements.root.dataset.slot = slot;
  return elements;
}

const cards = index.models.map((_, slot) => card(slot));
const many = cards.length > 2; // then one row of detail is shared
const detail = make("div", { className: "parts three" });
const detailBox = make("section", { className: "detail" }, detail);

function drawCard(block, slot, theme) {
  const own = cards[slot];
  const accent = index.accents[theme][slot];
  const { name, n_parameters: count, sha256 } = index.models[slot];
  const title = make("b", { textContent: name, style: `color: ${accent}` });
  const size = make("span", { textContent: `${compact(count)} parameters`, title: `sha256 ${sha256}` });
  own.model.replaceChildren(title, ...(block?.unlike ? [make("em", {}, block.unlike)] : []), size);
  own.root.classList.toggle("focus", many && slot === state.focus);
  own.grid.hidden = own.bars.hidden = !block;
  own.grid.classList.toggle("headless", Boolean(block) && !block.quantities.length);
  own.note.textContent = index.jets[state.jet].errors[slot] || "";
  own.note.hidden = Boolean(block);
  if (many) {
    own.grid.replaceChildren(own.mosaic);
    own.grid.style.gridTemplateColumns = "minmax(0, 1fr)";
    if (slot === state.focus) detail.replaceChildren(own.head, own.display, own.table);
  }
  if (!block) return;
  drawBars(own.bars, block.prediction, accent);
  drawCanvases(own, block, slot, theme, accent);
}

function drawCanvases(own, block, slot, theme, accent) {
  const palettes = index.palettes[theme];
  const quantity = quantityOf(block, state);
  own.mosaic.hidden = own.head.hidden = !quantity;
  if (!quantity && block.quantities.length) {
    own.note.hidden = false;
    own.note.textContent = `${index.models[slot].name} has no such quantity.`;
  }
  if (many && !block.quantities.length) {
    own.note.hidden = false;
    own.note.textContent = `${index.models[slot].name} has no attention between constituents.`;
  }
  const local = { ...state, layer: Math.min(state.layer, Math.max(0, block.layers - 1)), head: Math.min(state.head, Math.max(0, block.heads - 1)) };
  if (state.particle !== null && state.particle >= block.n) local.particle = null;
  const picture = [`${state.jet}`, slot, state.quantity, state.scale, state.order].join("/");
  const key = `${picture}/${local.layer + 1}:${local.head + 1}`;
  if (quantity) {
    show(own.mosaic, "mosaic", `${picture}/${theme}`, () => mosaicPayload(block, local, palettes, `${picture}/${theme}`, index.models[slot].head_names), slot);
  }
  if (many && slot !== state.focus) return;
  const model = many ? `${index.models[slot].name}, ` : "";
  if (quantity) show(own.head, block.slots ? "slots" : "matrix", `${key}/${theme}`, () => headPayload(block, local, palettes, `${key}/${theme}`, model), slot);
  const chosen = `${key}/${local.edges}/${local.colour}/${local.particle}/${theme}`;
  const heights = cards.length === 1 ? [430, 178] : many ? [285, 315] : [290, 240];
  own.display.hidden = !coloursOf(block, local).display || (!quantity && block.quantities.length > 0);
  if (!own.display.hidden) show(own.display, "display", chosen, () => displayPayload(block, local, accent, heights[0], key), slot);
  show(own.table, "table", chosen, () => tablePayload(block, local, heights[1], key), slot);
}

/** Let a canvas of the app draw into a shadow tree, unless it shows this already. */
function show(host, kind, key, payload, slot) {
  if (!host.shadowRoot) {
    host.attachShadow({ mode: "open" });
    host.shadowRoot.append(at(`canvas-${kind}`).content.cloneNode(true));
  }
  if (host._key === key) return;
  host._key = key;
  canvases[kind]({ data: payload(), parentElement: host.shadowRoot, setTriggerValue: (name, value) => clicked(name, value, slot) });
}

function clicked(name, value, slot) {
  if (name === "head") choose({ ...value, focus: slot });
  else choose({ particle: value - 1 === state.particle ? null : value - 1 });
}

function drawBars(box, { bars, classes, numbers: outputs }, accent) {
  const best = bars.reduce((most, bar, i) => (bar[1] > bars[most][1] ? i : most), 0);
  const rows = bars.map(([name, probability, isTrue], i) => {
    const fill = make("u", { style: `width: ${100 * probability}%${i === best ? `; background: ${accent}` : ""}` });
    const text = make("span", { title: name }, name + (isTrue ? " ◂ true" : ""));
    const kind = `bar${isTrue ? " true" : ""}${i === best ? " best" : ""}`;
    return make("div", { className: kind }, text, make("i", {}, fill), make("em", {}, probability.toFixed(3)));
  });
  if (classes > bars.length) rows.push(make("div", {}, `${classes - bars.length} more classes`));
  for (const [name, value] of outputs) rows.push(make("div", {}, `${name} ${digits(value)}`));
  box.style.gridTemplateRows = `repeat(${Math.ceil(rows.length / 2) || 1}, auto)`;
  box.replaceChildren(...rows);
}

function compact(count) {
  return count < 1e3 ? String(count) : count < 1e6 ? `${digits(count / 1e3)} k` : `${digits(count / 1e6)} M`;
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  return draw();
}

addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && state.particle !== null) choose({ particle: null });
  if (event.key === "ArrowLeft" && state.jet > 0) choose({ jet: state.jet - 1 });
  if (event.key === "ArrowRight" && state.jet < index.jets.length - 1) choose({ jet: state.jet + 1 });
});
at("previous").onclick = () => choose({ jet: state.jet - 1 });
at("next").onclick = () => choose({ jet: state.jet + 1 });
at("jets").append(...index.jets.map(({ entry, heading }, i) => make("option", { value: i }, `${entry}: ${heading}`)));
at("jets").onchange = () => choose({ jet: Number(at("jets").value) });
at("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
at("cards").style.setProperty("--cards", cards.length);
at("cards").append(...cards.map(({ root }) => root), ...(many ? [detailBox] : []));
at("source").textContent = [
  index.source,
  index.maker,
  ...index.models.map(({ name, sha256, assumed }) => `${name} sha256 ${sha256.slice(0, 12)}${assumed.length ? `, assumed: ${assumed.join(", ")}` : ""}`),
  "scores in steps of 1/256, so attention is exact to 0.8 %",
].join(" · ");
addEventListener("hashchange", () => { fromAddress(); draw(); });
fromAddress();
setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
