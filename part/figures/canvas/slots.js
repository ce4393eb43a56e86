// One head over slots: the attention of each constituent to the slots, and beside it its weight in each slot.
// Data: see part/figures/canvas/slots.py. A click on a row triggers "particle" with the number in the file.
const LEFT = 38, GAP = 50, RIGHT = 46, TOP = 16, AXIS = 18;

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const { header, arrays } = unpack(data);
  const root = parentElement.querySelector(".matrix");
  const canvas = root.querySelector("canvas");
  const tip = root.querySelector(".tip");
  canvas.setAttribute("aria-label", `${header.title}, ${header.panels[0].title}: constituents by slots`);
  let layout;
  drawOnResize(canvas, () => (layout = paint(root, canvas, header, arrays)));
  reportPainted(canvas, header.key);

  const cellAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top - TOP];
    const row = Math.floor((y / layout.height) * header.n);
    const slot = Math.floor(((x - LEFT) % (layout.width + GAP)) / layout.width * header.slots);
    return row >= 0 && row < header.n && x >= LEFT && slot < header.slots ? { row, slot } : null;
  };
  canvas.onclick = (event) => {
    const cell = cellAt(event);
    if (cell) setTriggerValue("particle", header.particles[cell.row].number);
  };
  canvas.onmousemove = (event) => showTip(tip, event, rows(header, arrays, cellAt(event)));
  canvas.onmouseleave = (event) => showTip(tip, event, null);
}

function paint(root, canvas, header, arrays) {
  const { n, slots } = header;
  const height = Math.max(80, root.clientWidth - LEFT - RIGHT);
  const width = (root.clientWidth - LEFT - GAP - RIGHT) / 2;
  canvas.style.height = `${TOP + height + AXIS}px`;
  const { context, ratio } = fitCanvas(canvas);
  context.imageSmoothingEnabled = n > height * ratio;
  header.panels.forEach((panel, i) => {
    const x = LEFT + i * (width + GAP);
    const level = levels(panel.scale, panel.limits);
    const colours = rgbaNumbers(panel.palette);
    const values = arrays[panel.array];
    context.drawImage(picture(slots, n, (j) => colours[level(values[j])]), x, TOP, width, height);
    paintBar(context, root, panel.ticks, colours, x + width + 6, TOP, height);
    drawLabels(context, root, header, panel, i, x, width, height);
  });
  const shown = { x: LEFT, y: TOP, side: 2 * width + GAP, cell: height / n };
  for (const [name, value] of Object.entries(shown)) root.style.setProperty(`--${name}`, value);
  return { width, height };
}

function drawLabels(context, root, header, panel, i, x, width, height) {
  const cell = height / header.n;
  context.font = `11px ${themeColour(root, "--st-font")}`;
  context.fillStyle = context.strokeStyle = themeColour(root, "--st-text-color");
  context.globalAlpha = 0.7;
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText(shortened(context, i ? panel.title : header.caption, width + (i ? RIGHT : GAP) - 4), x, 7);
  const hasRoom = width > 50;
  if (hasRoom) context.fillText("1", x, TOP + height + 9);
  context.textAlign = "center";
  context.fillText("slot", x + width / 2, TOP + height + 9);
  context.textAlign = "right";
  if (hasRoom) context.fillText(header.slots, x + width, TOP + height + 9);
  for (const border of header.borders) {
    context.fillRect(x, TOP + border * cell - 0.5, width, 1);
  }
  if (i === 0) {
    const middle = (position) => TOP + (position + 0.5) * cell;
    const length = (label) => (header.borders.length ? context.measureText(label).width : 11);
    for (const [position, label] of apart(header.marks, middle, length)) {
      if (header.borders.length) drawSideways(context, label, LEFT - 13, middle(position));
      else context.fillText(label, LEFT - 6, middle(position));
    }
    drawSideways(context, "constituent", 5, TOP + height / 2);
  }
  context.globalAlpha = 1;
}

function rows(header, arrays, cell) {
  if (!cell) return null;
  const particle = header.particles[cell.row];
  const i = cell.row * header.slots + cell.slot;
  const list = [
    [`Constituent ${particle.number}`, `${particle.species}${momentum(particle)}`],
    ["slot", `${cell.slot + 1}: ${header.contents[cell.slot]}`],
  ];
  for (const [name, title] of header.quantities) if (arrays[name]) list.push([title, digits(arrays[name][i])]);
  list.push(["weight in the slot", digits(arrays.slot_weights[i])]);
  return list;
}
