// Shared by the components; each module begins with it.

/** {header, arrays, rest}: rest is what follows the header, arrays its float32 arrays by name. */
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const rest = bytes.subarray(4 + length);
  const arrays = {};
  let start = 0;
  for (const [name, shape] of Object.entries(header.arrays || {})) {
    const size = 4 * shape.reduce((a, b) => a * b, 1);
    arrays[name] = new Float32Array(rest.slice(start, start + size).buffer); // a copy, because it must be aligned
    start += size;
  }
  return { header, arrays, rest };
}

/** 256 colours as little-endian RGBA numbers. */
function rgbaNumbers(palette) {
  const colours = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    colours[i] = (255 << 24) | (palette[3 * i + 2] << 16) | (palette[3 * i + 1] << 8) | palette[3 * i];
  }
  return colours;
}

/** A canvas of width x height pixels coloured by `colour(i)`. */
function picture(width, height, colour) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colour(i);
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Value -> colour index 0..255. */
function levels(scale, [low, high]) {
  if (scale === "log") {
    const factor = 255 / Math.log(high / low);
    return (value) => (value > low ? Math.min(255, Math.round(factor * Math.log(value / low))) : 0);
  }
  const factor = 255 / (high - low);
  return (value) => Math.max(0, Math.min(255, Math.round(factor * (value - low))));
}

/** Size the canvas to its box in device pixels; the context then draws in CSS pixels. */
function fitCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

/** Call `draw` now, if the element is visible, and whenever its width changes. */
function drawOnResize(element, draw) {
  element._draw = draw;
  if (!element._observer) {
    element._width = element.clientWidth;
    element._observer = new ResizeObserver(() => {
      if (element.clientWidth && element.clientWidth !== element._width) {
        element._width = element.clientWidth;
        element._draw();
      }
    });
    element._observer.observe(element);
  }
  if (element.clientWidth) draw();
}

/** Three significant digits, with an exponent where that is shorter. */
function digits(value) {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  const plain = size === 0 || (size >= 1e-3 && size < 1e5);
  return (plain ? Number(value.toPrecision(3)).toString() : value.toExponential(1)).replaceAll("-", "−");
}

/** An exponent in Unicode: -4 as ⁻⁴. */
function superscript(number) {
  return String(number).replace(/[-0-9]/g, (character) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(character)]);
}

/** ", 34.2 GeV", or nothing where momenta are not known. */
function momentum(particle) {
  return particle.pt === undefined ? "" : `, ${digits(particle.pt)} GeV`;
}

/** Show rows of texts near the pointer; `rows` null hides the tip. */
function showTip(tip, event, rows) {
  tip.hidden = !rows;
  if (!rows) return;
  const table = document.createElement("table");
  for (const row of rows) {
    const line = table.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  tip.replaceChildren(table);
  const { width, height } = tip.getBoundingClientRect();
  const [x, y] = [event.clientX + 14, event.clientY + 14];
  tip.style.left = `${x + width > innerWidth - 8 ? event.clientX - width - 10 : x}px`;
  tip.style.top = `${y + height > innerHeight - 8 ? event.clientY - height - 10 : y}px`;
}

/** A theme colour as the component sees it. */
function themeColour(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

/** Write to the element what it shows, and when that was on the screen (for measurements). */
function reportPainted(element, key) {
  element.dataset.painted = key;
  requestAnimationFrame(() => requestAnimationFrame(() => (element.dataset.paintedAt = performance.now())));
}

/** Text within a width in pixels, with an ellipsis where it is longer. */
function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length && context.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return `${text.slice(0, length)}…`;
}

/** Of [position, label] the marks whose labels do not touch the one before; `length` is what a label takes. */
function apart(marks, place, length) {
  let end = -Infinity;
  return marks.filter(([position, label]) => {
    const [middle, half] = [place(position), length(label) / 2];
    if (middle - half < end) return false;
    end = middle + half + 3;
    return true;
  });
}

/** Text that reads upwards. */
function drawSideways(context, text, x, y) {
  context.save();
  context.translate(x, y);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText(text, 0, 0);
  context.restore();
}

/** A colour bar with its numbers: ticks are [position from 0 at the bottom to 1, label]. */
function paintBar(context, root, ticks, colours, x, top, side) {
  context.drawImage(picture(1, 256, (i) => colours[255 - i]), x, top, 8, side);
  context.font = `10px ${themeColour(root, "--st-font")}`;
  context.fillStyle = themeColour(root, "--st-text-color");
  context.globalAlpha = 0.7;
  context.textAlign = "left";
  for (const [position, label] of ticks) {
    const y = top + (1 - position) * side;
    context.fillText(label, x + 11, Math.min(top + side - 5, Math.max(top + 5, y)));
  }
  context.globalAlpha = 1;
}
