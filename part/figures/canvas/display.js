// The jet in the η-φ plane with attention as edges. Data: see part/figures/canvas/display.py. A click on a particle
// triggers "particle" with its number in the file. Dragging a rectangle zooms in; a double click zooms out again, and
// then to all constituents. Where the data say the zoom, [Δη, Δφ, half a side] or null, both trigger "zoom".
const NS = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM] = [34, 6, 18, 30];
const [CORNER, CHARACTER] = [22, 5.6]; // px of the caption: where a page has its question mark, and a character
const LARGEST = 11; // radius of the leading constituent in pixels
const [LARGEST_RING, SMALLEST_RING] = [20, 6]; // radii of partons in pixels
const CORNERS = {
  square: polygon(4, () => 1.27, Math.PI / 4),
  diamond: polygon(4, () => 1.25),
  "triangle-up": polygon(3, () => 1.3),
  star: polygon(10, (i) => (i % 2 ? 0.6 : 1.4)),
  hexagon: polygon(6, () => 1.05),
  "triangle-down": polygon(3, () => 1.3, Math.PI),
  pentagon: polygon(5, () => 1.1),
};
const BORDER = 0.97; // of half a side, as in part/figures/display.py
const [WIDEST, FAINTEST, ARROW] = [4, 0.08, 0.62]; // of edges, as in part/figures/style.py
const LINES = { cross: [[0.8, 0.8], [0.8, -0.8]], plus: [[1, 0], [0, 1]] };

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const root = parentElement.querySelector(".display");
  const svg = root.querySelector("svg");
  const tip = root.querySelector(".tip");
  svg.setAttribute("aria-label", data.title);
  const follows = data.zoom !== undefined; // the page keeps the zoom
  if (follows) root._zoom = data.zoom && { x: data.zoom[0], y: data.zoom[1], half: data.zoom[2] };
  else if (root._jet !== data.jet) root._zoom = null;
  root._jet = data.jet;
  const draw = () => paint(root, svg, data);
  drawOnResize(root, draw);
  legend(root.querySelector(".legend"), data);
  const beyond = () => root._layout.beyond;
  reportPainted(svg, data.key);

  const zoom = () => {
    draw();
    if (follows) setTriggerValue("zoom", root._zoom ? [root._zoom.x, root._zoom.y, root._zoom.half] : []);
  };

  const particle = (event) => event.target.dataset?.particle;
  svg.onmousemove = (event) => {
    const [index, parton] = [particle(event), event.target.dataset?.parton];
    const rows =
      index !== undefined ? particleRows(data, Number(index))
      : parton !== undefined ? partonRows(data.partons[parton])
      : beyond().length && event.target.classList.contains("caption") ? [[`${beyondText(data, beyond())}; a double click shows where`]]
      : null;
    showTip(tip, event, root._drag ? null : rows);
    if (root._drag) stretch(root, svg, event);
  };
  svg.onmouseleave = (event) => showTip(tip, event, null);
  svg.onmousedown = (event) => {
    root._drag = { x: event.offsetX, y: event.offsetY };
  };
  svg.onmouseup = (event) => {
    const zoomed = zoomTo(root, event);
    root._drag = null;
    if (zoomed) zoom();
    else if (particle(event) !== undefined) setTriggerValue("particle", Number(particle(event)) + 1);
  };
  svg.ondblclick = () => {
    const farthest = Math.max(...data.deta.map((eta, i) => Math.max(Math.abs(eta), Math.abs(data.dphi[i]))));
    root._zoom = root._zoom || !beyond().length ? null : { x: 0, y: 0, half: 1.05 * farthest };
    zoom();
  };
}

function paint(root, svg, data) {
  const [width, height] = [root.clientWidth, data.height];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  const [w, h] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
  const centre = root._zoom || { x: 0, y: 0, half: data.extent };
  const unit = Math.min(w, h) / 2 / centre.half; // the same for both axes
  const X = (eta) => LEFT + w / 2 + (eta - centre.x) * unit;
  const Y = (phi) => TOP + h / 2 - (phi - centre.y) * unit;
  // Constituents beyond the picture are drawn at its border, in their direction, unless the user zooms.
  const shrink = data.deta.map((eta, i) => {
    const fits = Math.min(w / 2 / unit / Math.abs(eta), h / 2 / unit / Math.abs(data.dphi[i]));
    return root._zoom || fits >= 1 ? 1 : BORDER * fits;
  });
  const drawn = shrink.map((by, i) => [X(by * data.deta[i]), Y(by * data.dphi[i])]);
  const beyond = shrink.flatMap((by, i) => (by < 1 ? [i] : []));
  root._layout = { unit, w, h, centre, beyond };
  const inside = element("g", { "clip-path": "url(#plot)" });
  const clip = element("clipPath", { id: "plot" });
  clip.append(element("rect", { x: LEFT, y: TOP, width: w, height: h }));
  inside.append(...edges(data, drawn), ...particles(data, drawn, beyond), ...partons(data, X, Y));
  if (data.selected !== null) inside.append(ring(data, drawn));
  const caption = element("text", { class: "caption", x: LEFT, y: 12 }, captionOf(data, beyond.length, width));
  svg.replaceChildren(clip, ...axes(w, h, centre, unit, X, Y), inside, caption);
}

function ring(data, drawn) {
  const i = data.selected;
  return element("circle", { class: "ring", cx: drawn[i][0], cy: drawn[i][1], r: LARGEST * data.size[i] + 3.5 });
}

/** How many constituents are beyond the picture, and what they carry, in words. */
function beyondText(data, beyond) {
  const sum = (indices) => indices.reduce((total, i) => total + data.pt[i], 0);
  const share = (100 * sum(beyond)) / sum(data.pt.map((_, i) => i));
  return `${beyond.length} soft constituent${beyond.length > 1 ? "s" : ""} beyond this square, with ${digits(share)} % of the pT, drawn at its border`;
}

function captionOf(data, beyond, width) {
  const n = data.edges.length;
  const shown = !data.quantity ? `${data.pt.length} constituents` : data.selected !== null ? `edges from ${data.selected + 1}` : `${n} strongest edges`;
  const room = (width - LEFT - CORNER) / CHARACTER;
  const whole = shown + (beyond ? ` · ${beyond} at the border` : "");
  const texts = beyond ? [`${whole} (double-click)`, whole, `${beyond} at the border`] : [whole];
  return texts.find((text) => text.length <= room) || texts.at(-1);
}

/** 0 to 1: width and opacity of an edge grow with it. */
function strength(data, weight) {
  const [low, high] = data.limits;
  const position =
    data.signed ? Math.abs(weight) / high
    : data.scale === "log" ? Math.log(Math.max(weight, low) / low) / Math.log(high / low)
    : (weight - low) / (high - low);
  return Math.min(1, Math.max(0, position));
}

/** Lines from query to key with an arrow head, dashed between subjets. */
function edges(data, drawn) {
  return data.edges.flatMap(([query, key, weight]) => {
    const size = strength(data, weight);
    const width = WIDEST * (FAINTEST + (1 - FAINTEST) * size * size);
    const colour = !data.signed ? data.accent : data.signs[weight >= 0 ? 0 : 1];
    const [[x, y], [endX, endY]] = [drawn[query], drawn[key]];
    const [dx, dy] = [endX - x, endY - y];
    const dashes = data.subjet[query] === data.subjet[key] ? {} : { "stroke-dasharray": `${3 + width} ${2 + width}` };
    const line = { class: "edge", d: `M${x},${y}l${dx},${dy}`, stroke: colour, "stroke-width": width, "stroke-opacity": FAINTEST + 0.62 * size };
    const length = Math.hypot(dx, dy);
    if (length < 14) return [element("path", { ...line, ...dashes })]; // too short for a head
    const head = (3 + width) / length;
    const [tipX, tipY] = [x + ARROW * dx + head * dx, y + ARROW * dy + head * dy];
    const corners = `M${tipX},${tipY}l${-1.6 * head * dx - 0.7 * head * dy},${-1.6 * head * dy + 0.7 * head * dx}l${1.4 * head * dy},${-1.4 * head * dx}Z`;
    return [element("path", { class: "arrow", d: corners, fill: colour, "fill-opacity": 0.2 + 0.7 * size }), element("path", { ...line, ...dashes })];
  }).reverse(); // the strongest on top
}

function particles(data, drawn, beyond) {
  const order = data.size.map((_, i) => i).sort((a, b) => data.size[b] - data.size[a]); // small ones on top
  return order.map((i) => {
    const radius = Math.max(2, LARGEST * data.size[i]);
    return element("path", {
      class: beyond.includes(i) ? "particle beyond" : "particle",
      d: shape(data.marker[i], ...drawn[i], radius),
      fill: data.colour[i],
      "data-particle": i,
    });
  });
}

/** Rings around the prongs and crosses of other partons, each with its symbol; only their lines react to the mouse. */
function partons(data, X, Y) {
  return data.partons.flatMap(([marker, deta, dphi, size, colour, symbol], i) => {
    const [x, y, radius] = [X(deta), Y(dphi), Math.max(SMALLEST_RING, LARGEST_RING * size)];
    const style = colour ? { style: `stroke: ${colour}` } : {};
    const below = marker === "ring" ? -0.75 * radius : 0.75 * radius + 10; // apart from the symbol of a prong nearby
    return [
      element("path", { class: "parton halo", d: shape(marker, x, y, radius) }),
      element("path", { class: "parton", d: shape(marker, x, y, radius), "data-parton": i, ...style }),
      element("text", { class: "symbol", x: x + 0.75 * radius + 2, y: y + below }, symbol),
    ];
  });
}

function partonRows([, deta, dphi, , , , description]) {
  return [["Parton", description], ["Δη, Δφ", `${digits(deta)}, ${digits(dphi)}`]];
}

function axes(w, h, centre, unit, X, Y) {
  const parts = [element("rect", { class: "grid", x: LEFT, y: TOP, width: w, height: h })];
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2].find((s) => s * unit >= 45) || 5;
  const marks = (middle, half) => {
    const first = Math.ceil((middle - half) / step);
    return Array.from({ length: Math.floor((middle + half) / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  const text = (value) => Number(value.toFixed(2)).toString().replace("-", "−");
  for (const eta of marks(centre.x, w / 2 / unit)) {
    parts.push(element("path", { class: "grid", d: `M${X(eta)},${TOP}v${h}` }));
    parts.push(element("text", { x: X(eta), y: TOP + h + 13, "text-anchor": "middle" }, text(eta)));
  }
  for (const phi of marks(centre.y, h / 2 / unit)) {
    parts.push(element("path", { class: "grid", d: `M${LEFT},${Y(phi)}h${w}` }));
    parts.push(element("text", { x: LEFT - 4, y: Y(phi) + 4, "text-anchor": "end" }, text(phi)));
  }
  parts.push(element("text", { x: LEFT + w / 2, y: TOP + h + 26, "text-anchor": "middle" }, "Δη"));
  parts.push(element("text", { x: 9, y: TOP + h / 2, "text-anchor": "middle", transform: `rotate(-90 9 ${TOP + h / 2})` }, "Δφ"));
  return parts;
}

function particleRows(data, i) {
  const rows = [
    [`Constituent ${i + 1}`, data.names[i]],
    ["pT", `${digits(data.pt[i])} GeV`],
    ["Δη, Δφ", `${digits(data.deta[i])}, ${digits(data.dphi[i])}`],
    ["subjet", data.subjet[i] + 1],
  ];
  if (data.prong.length) rows.push(["prong", data.prong[i]]);
  const weight = data.selected === null ? undefined : data.weights[i];
  if (weight !== undefined) rows.push([`${data.quantity} from ${data.selected + 1}`, digits(weight)]);
  return rows;
}

function stretch(root, svg, event) {
  const { x, y } = root._drag;
  if (Math.hypot(event.offsetX - x, event.offsetY - y) < 6) return;
  const box = svg.querySelector(".box") || svg.appendChild(element("rect", { class: "box" }));
  const put = { x: Math.min(x, event.offsetX), y: Math.min(y, event.offsetY), width: Math.abs(event.offsetX - x), height: Math.abs(event.offsetY - y) };
  for (const [name, value] of Object.entries(put)) box.setAttribute(name, value);
}

/** Show what was dragged over; false if it was only a click. */
function zoomTo(root, event) {
  const drag = root._drag;
  if (!drag) return false;
  const [dx, dy] = [Math.abs(event.offsetX - drag.x), Math.abs(event.offsetY - drag.y)];
  if (Math.hypot(dx, dy) < 6) return false;
  const { unit, w, h, centre } = root._layout;
  root._zoom = {
    x: centre.x + ((drag.x + event.offsetX) / 2 - LEFT - w / 2) / unit,
    y: centre.y - ((drag.y + event.offsetY) / 2 - TOP - h / 2) / unit,
    half: Math.max(0.005, Math.max(dx, dy) / 2 / unit),
  };
  return true;
}

function legend(box, data) {
  const entry = (marker, colour, text) => {
    const span = document.createElement("span");
    const icon = element("svg", { viewBox: "-1.5 -1.5 3 3" });
    const isLine = marker in LINES || marker === "ring";
    const paint = isLine ? { class: "line" } : colour ? { fill: colour } : {};
    icon.append(element("path", { d: shape(marker, 0, 0, 1), ...paint }));
    span.append(icon, text);
    return span;
  };
  box.replaceChildren(...data.legend.map((item) => entry(...item)), ...(data.edges.length ? edgeLegend(data) : []));
}

/** What lines, arrow heads, colours and widths of the edges stand for. */
function edgeLegend(data) {
  const entry = (text, line, head = "") => {
    const span = document.createElement("span");
    const icon = element("svg", { class: "wide", viewBox: "0 0 22 8" });
    icon.append(element("path", { d: "M0,4h22", ...line }), element("path", { d: head, fill: "currentColor", stroke: "none" }));
    span.append(icon, text);
    return span;
  };
  const [low, high] = data.signed ? [0, data.limits[1]] : data.limits;
  const number = (value) => (value > 0 && value < 1e-3 ? `10${superscript(Math.round(Math.log10(value)))}` : digits(value));
  const title = data.quantity[0].toLowerCase() + data.quantity.slice(1);
  return [
    entry("within a subjet", { "stroke-width": 1.5 }),
    entry("between subjets", { "stroke-width": 1.5, "stroke-dasharray": "4 3" }),
    entry("query to key", { "stroke-width": 1 }, "M16,4l-6,3v-6Z"),
    ...(data.signed ? [entry("positive", { "stroke-width": 2.5, stroke: data.signs[0] }), entry("negative", { "stroke-width": 2.5, stroke: data.signs[1] })] : []),
    entry(`${data.signed ? `|${title}|` : title} ${data.scale === "log" ? "≤ " : ""}${number(low)}`, { "stroke-width": 0.4 }),
    entry(number(high), { "stroke-width": WIDEST }),
  ];
}

/** Corners around the origin, the first one on top. */
function polygon(count, radius, turn = 0) {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2 + turn;
    return [radius(i) * Math.cos(angle), radius(i) * Math.sin(angle)];
  });
}

/** A marker as a path. In coordinates of its own: hundreds of `transform`s would be slow to paint. */
function shape(marker, x, y, radius) {
  if (marker in LINES) return LINES[marker].map(([dx, dy]) => `M${x - radius * dx},${y - radius * dy}L${x + radius * dx},${y + radius * dy}`).join("");
  if (marker === "circle" || marker === "ring") return `M${x + radius},${y}a${radius},${radius},0,1,1,${-2 * radius},0a${radius},${radius},0,1,1,${2 * radius},0Z`;
  return `M${CORNERS[marker].map(([dx, dy]) => `${x + radius * dx},${y + radius * dy}`).join("L")}Z`;
}

function element(name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
