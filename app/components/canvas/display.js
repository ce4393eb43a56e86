// The jet in the η-φ plane with attention as edges. Data: see app/services/canvas/display.py. A click on a particle
// triggers "particle" with its number in the file. Dragging a rectangle zooms in; a double click zooms out again, and
// then to the constituents outside.
const NS = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM] = [34, 6, 18, 30];
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
const LINES = { cross: [[0.8, 0.8], [0.8, -0.8]], plus: [[1, 0], [0, 1]] };

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const root = parentElement.querySelector(".display");
  const svg = root.querySelector("svg");
  const tip = root.querySelector(".tip");
  svg.setAttribute("aria-label", data.title);
  if (root._jet !== data.jet) root._zoom = null;
  root._jet = data.jet;
  const draw = () => paint(root, svg, data);
  drawOnResize(root, draw);
  legend(root.querySelector(".legend"), data);
  reportPainted(svg, data.key);

  const particle = (event) => event.target.dataset?.particle;
  svg.onmousemove = (event) => {
    const [index, parton] = [particle(event), event.target.dataset?.parton];
    const rows = index !== undefined ? particleRows(data, Number(index)) : parton !== undefined ? partonRows(data.partons[parton]) : null;
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
    if (zoomed) draw();
    else if (particle(event) !== undefined) setTriggerValue("particle", Number(particle(event)) + 1);
  };
  svg.ondblclick = () => {
    root._zoom = root._zoom || data.all === data.extent ? null : { x: 0, y: 0, half: data.all };
    draw();
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
  root._layout = { unit, w, h, centre };
  const inside = element("g", { "clip-path": "url(#plot)" });
  const clip = element("clipPath", { id: "plot" });
  clip.append(element("rect", { x: LEFT, y: TOP, width: w, height: h }));
  inside.append(...edges(data, X, Y), ...particles(data, X, Y), ...partons(data, X, Y));
  if (data.selected !== null) inside.append(ring(data, X, Y));
  const hint = data.hint && width > 250 ? ` ${data.hint}` : "";
  const caption = element("text", { x: LEFT, y: 12 }, data.caption + hint);
  svg.replaceChildren(clip, ...axes(w, h, centre, unit, X, Y), inside, caption);
}

function ring(data, X, Y) {
  const i = data.selected;
  return element("circle", { class: "ring", cx: X(data.deta[i]), cy: Y(data.dphi[i]), r: LARGEST * data.size[i] + 3.5 });
}

function edges(data, X, Y) {
  return data.edges.map(([query, key, width, opacity, colour, within]) =>
    element("path", {
      class: "edge",
      d: `M${X(data.deta[query])},${Y(data.dphi[query])}L${X(data.deta[key])},${Y(data.dphi[key])}`,
      stroke: colour,
      "stroke-width": width,
      "stroke-opacity": opacity,
      ...(within ? {} : { "stroke-dasharray": `${3 + width} ${2 + width}` }),
    }),
  ).reverse(); // the strongest on top
}

function particles(data, X, Y) {
  const order = data.size.map((_, i) => i).sort((a, b) => data.size[b] - data.size[a]); // small ones on top
  return order.map((i) => {
    const radius = Math.max(2, LARGEST * data.size[i]);
    return element("path", {
      class: "particle",
      d: shape(data.marker[i], X(data.deta[i]), Y(data.dphi[i]), radius),
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
  box.replaceChildren(...data.legend.map((item) => entry(...item)));
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
