// All heads of a model side by side. Data: header {layers, heads, n, columns, key, title, palette}, then uint8 levels
// [layer, head, query, key or slot]. The header may have a measure {title, lengths, texts} and names of the heads, and
// the order in which the tiles show them. A click, or an arrow key, triggers "head" with {layer, head}.
const GAP = 2;

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const { header, rest: levels } = unpack(data);
  const { layers, heads } = header;
  const root = parentElement.querySelector(".mosaic");
  const canvas = root.querySelector("canvas");
  root.style.setProperty("--layers", layers);
  root.style.setProperty("--heads", heads);
  const inRows = !header.order || header.order.every((place, tile) => Math.floor(place / heads) === Math.floor(tile / heads));
  label(root.querySelector(".columns"), "H", header.order ? 0 : heads);
  label(root.querySelector(".rows"), "L", layers > 1 && inRows ? layers : 0);
  const headOf = (tile) => (header.order ? header.order[tile] : tile);
  canvas.setAttribute("aria-label", `${header.title}, ${layers} layers by ${heads} heads; click a head to see it`);

  const colours = rgbaNumbers(header.palette);
  const draw = () => {
    paint(canvas, header, levels, colours);
    if (header.measure) paintMeasure(canvas, header, headOf);
    if (header.order) paintPlaces(canvas, header, inRows);
  };
  drawOnResize(canvas, draw);
  reportPainted(canvas, header.key);

  const choose = (row, column) => {
    const place = headOf(row * heads + column);
    setTriggerValue("head", { layer: Math.floor(place / heads), head: place % heads });
  };
  const cellAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const clip = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value * count)));
    return [clip((event.clientY - box.top) / box.height, layers), clip((event.clientX - box.left) / box.width, heads)];
  };
  canvas.onclick = (event) => choose(...cellAt(event));
  canvas.onmousemove = (event) => {
    const [row, column] = cellAt(event);
    const place = headOf(row * heads + column);
    const head = `ead ${(place % heads) + 1}`;
    const told = [layers > 1 ? `Layer ${Math.floor(place / heads) + 1}, h${head}` : `H${head}`];
    if (header.names?.[place]) told[0] += `: ${header.names[place]}`;
    if (header.measure) told.push(`${header.measure.title} ${header.measure.texts[place]}`);
    canvas.title = told.join("\n");
  };
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const style = getComputedStyle(canvas);
    const now = (name) => Number(style.getPropertyValue(name)) || 0;
    choose((now("--partscope-layer") + step[0] + layers) % layers, (now("--partscope-head") + step[1] + heads) % heads);
  };
}

function label(element, letter, count) {
  if (element.childElementCount === count) return;
  element.replaceChildren(
    ...Array.from({ length: count }, (_, i) => {
      const span = document.createElement("span");
      span.textContent = `${letter}${i + 1}`;
      return span;
    }),
  );
}

/** All tiles at the screen's own resolution: where a dot of the screen holds several cells, it shows their mean level. */
function paint(canvas, { layers, heads, n, columns: m }, levels, colours) {
  const { context, width, height, ratio } = fitCanvas(canvas);
  const [w, h] = [(width / heads) * ratio, (height / layers) * ratio];
  const [across, down] = [Math.round(w - GAP * ratio), Math.round(h - GAP * ratio)];
  const image = context.createImageData(across, down);
  const dots = new Uint32Array(image.data.buffer);
  const [columns, rows] = [edges(across, m), edges(down, n)];
  for (let tile = 0; tile < layers * heads; tile++) {
    const start = tile * n * m;
    for (let y = 0, dot = 0; y < down; y++) {
      const [top, bottom] = [rows[2 * y], rows[2 * y + 1]];
      for (let x = 0; x < across; x++, dot++) {
        const [left, right] = [columns[2 * x], columns[2 * x + 1]];
        let sum = 0;
        for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) sum += levels[start + i * m + j];
        dots[dot] = colours[Math.round(sum / ((bottom - top) * (right - left)))];
      }
    }
    context.putImageData(image, Math.round((tile % heads) * w), Math.round(Math.floor(tile / heads) * h));
  }
}

/** A bar at the foot of each tile, as long as the head's measure is large. */
function paintMeasure(canvas, { layers, heads, measure }, headOf) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas.getBoundingClientRect();
  const style = getComputedStyle(canvas);
  const [w, h, thick] = [width / heads, height / layers, 5];
  measure.lengths.forEach((_, tile) => {
    const length = measure.lengths[headOf(tile)];
    const [x, y] = [(tile % heads) * w, Math.floor(tile / heads) * h + h - GAP - thick];
    context.fillStyle = style.getPropertyValue("--st-background-color");
    context.fillRect(x, y, w - GAP, thick);
    context.fillStyle = style.getPropertyValue("--st-primary-color");
    context.fillRect(x, y + 1, (w - GAP) * length, thick - 1);
  });
}

/** The place of each head in its tile, where tiles are in another order: its number, and its layer unless rows tell it. */
function paintPlaces(canvas, { layers, heads, order }, inRows) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas.getBoundingClientRect();
  const style = getComputedStyle(canvas);
  const [w, h] = [width / heads, height / layers];
  context.font = `${Math.min(11, h / 3)}px ${style.getPropertyValue("--st-font")}`;
  context.textBaseline = "top";
  order.forEach((place, tile) => {
    const text = `${inRows && layers > 1 ? "" : `L${Math.floor(place / heads) + 1}`}H${(place % heads) + 1}`;
    const [x, y] = [(tile % heads) * w, Math.floor(tile / heads) * h];
    context.fillStyle = style.getPropertyValue("--st-background-color");
    context.fillRect(x, y, context.measureText(text).width + 4, Math.min(11, h / 3) + 2);
    context.fillStyle = style.getPropertyValue("--st-text-color");
    context.fillText(text, x + 2, y + 1);
  });
}

/** First and past the last cell under each of `dots` screen dots, in pairs. */
function edges(dots, n) {
  const pairs = new Int32Array(2 * dots);
  for (let i = 0; i < dots; i++) {
    pairs[2 * i] = Math.floor((i * n) / dots);
    pairs[2 * i + 1] = Math.max(pairs[2 * i] + 1, Math.floor(((i + 1) * n) / dots));
  }
  return pairs;
}
