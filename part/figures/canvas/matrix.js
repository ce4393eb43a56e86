// One head, query by key, with the class token's rows below it for the same keys. Data: see
// part/figures/canvas/matrix.py. A click on a row triggers "particle" with the query's number in the file.
const LEFT = 38, RIGHT = 46, TOP = 16, AXIS = 18, ROW = 4, SPACE = 8, LINE = 11;
const CORNER = 22; // of the caption, where a page has its question mark

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const { header, arrays } = unpack(data);
  const root = parentElement.querySelector(".matrix");
  const canvas = root.querySelector("canvas");
  const tip = root.querySelector(".tip");
  canvas.setAttribute("aria-label", `${header.title}, ${header.quantity}: queries by keys`);
  let layout;
  const draw = () => (layout = paint(root, canvas, header, arrays));
  drawOnResize(canvas, draw);
  reportPainted(canvas, header.key);

  const cellAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const { x, y, side, cell, classTop } = layout;
    const [px, py] = [event.clientX - box.left - x, event.clientY - box.top - y];
    const key = Math.floor(px / cell);
    if (key < 0 || px >= side) return null;
    if (py >= 0 && py < side) return { query: Math.floor(py / cell), key };
    const row = Math.floor((event.clientY - box.top - classTop) / ROW);
    return row >= 0 && row < header.classRows ? { row, key } : null;
  };
  canvas.onclick = (event) => {
    const cell = cellAt(event);
    if (cell) setTriggerValue("particle", header.particles[cell.query ?? cell.key].number);
  };
  canvas.onmousemove = (event) => {
    const cell = cellAt(event);
    showTip(tip, event, cell && (cell.row === undefined ? pairRows(header, arrays, cell) : classRow(header, arrays, cell)));
  };
  canvas.onmouseleave = (event) => showTip(tip, event, null);
}

function paint(root, canvas, header, arrays) {
  const { n } = header;
  const side = Math.max(80, root.clientWidth - LEFT - RIGHT);
  const classTop = TOP + side + SPACE;
  const bottom = header.classRows ? classTop + header.classRows * ROW : TOP + side;
  canvas.style.height = `${bottom + AXIS}px`;
  const { context, ratio } = fitCanvas(canvas);
  context.imageSmoothingEnabled = n > side * ratio;
  const level = levels(header.scale, header.limits);
  const colours = rgbaNumbers(header.palette);
  const values = arrays.shown;
  context.drawImage(picture(n, n, (i) => colours[level(values[i])]), LEFT, TOP, side, side);
  if (header.classRows) paintClass(context, header, arrays.class_pattern, classTop, side);
  paintAxes(context, root, header, side, bottom, classTop);
  paintBar(context, root, header.ticks, colours, LEFT + side + 6, TOP, side);
  if (header.classRows && !sharesScale(header)) {
    const ends = header.classTicks.filter((_, i, all) => i === 0 || i === all.length - 1);
    paintBar(context, root, ends, rgbaNumbers(header.classPalette), LEFT + side + 6, classTop, header.classRows * ROW);
  }
  const layout = { x: LEFT, y: TOP, side, cell: side / n, bottom: bottom - TOP, classTop };
  for (const name of ["x", "y", "side", "cell", "bottom"]) root.style.setProperty(`--${name}`, layout[name]);
  return layout;
}

function paintClass(context, header, values, top, side) {
  const { n, classRows } = header;
  const level = levels(header.classScale, header.classLimits);
  const colours = rgbaNumbers(header.classPalette);
  const rows = picture(n, classRows, (i) => colours[level(values[i + Math.floor(i / n) + 1])]);
  const token = picture(1, classRows, (i) => colours[level(values[i * (n + 1)])]);
  context.imageSmoothingEnabled = false;
  context.drawImage(rows, LEFT, top, side, classRows * ROW);
  context.drawImage(token, LEFT - 9, top, 6, classRows * ROW);
}

/** Whether the class token's rows have the colours of the head above them. */
function sharesScale({ scale, limits, palette, classScale, classLimits, classPalette }) {
  return scale === classScale && String([limits, palette]) === String([classLimits, classPalette]);
}

function paintAxes(context, root, header, side, bottom, classTop) {
  const cell = side / header.n;
  const ink = themeColour(root, "--st-text-color");
  context.font = `11px ${themeColour(root, "--st-font")}`;
  context.fillStyle = context.strokeStyle = ink;
  context.globalAlpha = 0.7;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText(shortened(context, header.caption, side + RIGHT - CORNER), LEFT, 7);
  for (const border of header.borders) {
    line(context, LEFT, TOP + border * cell, LEFT + side, TOP + border * cell);
    line(context, LEFT + border * cell, TOP, LEFT + border * cell, bottom);
  }
  const grouped = header.borders.length > 0;
  const middle = (position) => (position + 0.5) * cell;
  const length = (label) => context.measureText(label).width;
  for (const [position, label] of apart(header.marks, middle, grouped ? length : () => LINE)) {
    context.textAlign = "right";
    if (grouped) drawSideways(context, label, LEFT - 13, TOP + middle(position));
    else context.fillText(label, LEFT - 11, TOP + middle(position));
  }
  context.textAlign = "center";
  for (const [position, label] of apart(header.marks, middle, length)) context.fillText(label, LEFT + middle(position), bottom + 9);
  context.textAlign = "left";
  context.fillText("key", LEFT + side + 6, bottom + 9);
  drawSideways(context, "query", 5, TOP + side / 2);
  if (header.classRows) {
    const height = (header.classRows * ROW) / header.classLayers;
    context.textAlign = "right";
    for (let i = 0; i < header.classLayers; i++) context.fillText(i + 1, LEFT - 13, classTop + (i + 0.5) * height);
    drawSideways(context, "class", 5, classTop + (header.classRows * ROW) / 2);
  }
  context.globalAlpha = 1;
}

function line(context, x0, y0, x1, y1) {
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
  context.globalAlpha = 0.7;
}

function pairRows(header, arrays, { query, key }) {
  const { n, particles } = header;
  const i = query * n + key;
  const [a, b] = [particles[query], particles[key]];
  const apart = (name) => a[name] - b[name];
  let dphi = apart("dphi");
  if (Math.abs(dphi) > Math.PI) dphi -= Math.sign(dphi) * 2 * Math.PI;
  const rows = [
    ["", "query", "key"],
    ["constituent", a.number, b.number],
    ["species", a.species, b.species],
  ];
  if (a.pt !== undefined) {
    rows.push(
      ["pT [GeV]", digits(a.pt), digits(b.pt)],
      ["Δη, Δφ to the axis", `${digits(a.deta)}, ${digits(a.dphi)}`, `${digits(b.deta)}, ${digits(b.dphi)}`],
      ["Δη, Δφ apart", `${digits(Math.abs(apart("deta")))}, ${digits(Math.abs(dphi))}`],
      ["ΔR apart", digits(Math.hypot(apart("deta"), dphi))],
    );
  }
  for (const [name, title] of header.quantities) if (arrays[name]) rows.push([title, digits(arrays[name][i])]);
  return rows;
}

function classRow(header, arrays, { row, key }) {
  const { n, classRows, classLayers, particles } = header;
  const heads = classRows / classLayers;
  const particle = particles[key];
  return [
    [`Class token, layer ${Math.floor(row / heads) + 1}, head ${(row % heads) + 1}`],
    [`constituent ${particle.number}, ${particle.species}${momentum(particle)}`],
    [`attention ${digits(arrays.class_pattern[row * (n + 1) + key + 1])}`],
  ];
}
