// A table with a dot in each row; only the visible rows exist. Data: {columns: [[heading, isText]], rows: [[text]],
// numbers, colours, chosen, height, key}. A click, or Enter, on a row: trigger "particle" with its number in the file.
const ROW = 19;

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return;
  const box = parentElement.querySelector(".table");
  const body = box.querySelector("tbody");
  box.style.height = `${Math.min(data.height, (data.rows.length + 1) * ROW + 4)}px`;
  box.querySelector("thead").replaceChildren(headings(data.columns));
  widen(box, data);
  const fill = () => body.replaceChildren(...inSight(box, data, setTriggerValue));
  const jet = data.key.split("/")[0];
  if (box._jet !== jet) box.scrollTop = 0;
  box._jet = jet;
  const index = data.numbers.indexOf(data.chosen);
  if (index >= 0 && box._chosen !== data.chosen) {
    fill(); // it must be as high as it will be before it can be scrolled
    box.scrollTop = Math.max(0, (index + 1) * ROW - box.clientHeight / 2); // within the box only, the page stays
  }
  box._chosen = data.chosen;
  box.onscroll = fill;
  fill();
  reportPainted(box, data.key);
}

function headings(columns) {
  const line = document.createElement("tr");
  for (const [heading, isText] of columns) {
    const cell = document.createElement("th");
    cell.textContent = heading;
    cell.className = isText ? "text" : "";
    line.append(cell);
  }
  return line;
}

/** Columns as wide as their longest text, so that they keep their width whatever is in sight. */
function widen(box, { columns, rows }) {
  const group = document.createElement("colgroup");
  columns.forEach(([heading], i) => {
    const longest = rows.reduce((most, row) => Math.max(most, row[i].length), heading.length * 0.95);
    group.append(document.createElement("col"));
    group.lastChild.style.width = `${longest * 6.6 + 16 + (i ? 0 : 14)}px`;
  });
  box.querySelector("colgroup")?.remove();
  box.querySelector("table").prepend(group);
}

function inSight(box, data, setTriggerValue) {
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 4);
  const last = Math.min(data.rows.length, first + Math.ceil(data.height / ROW) + 8);
  const rows = data.rows.slice(first, last).map((texts, i) => row(data, texts, first + i, setTriggerValue));
  return [spacer(first), ...rows, spacer(data.rows.length - last)];
}

function spacer(rows) {
  const line = document.createElement("tr");
  line.className = "spacer";
  line.style.height = `${rows * ROW}px`;
  return line;
}

function row(data, texts, i, setTriggerValue) {
  const line = document.createElement("tr");
  texts.forEach((text, column) => {
    const cell = line.insertCell();
    cell.textContent = text;
    if (data.columns[column][1]) cell.className = "text";
  });
  const dot = document.createElement("span");
  dot.className = "dot";
  dot.style.background = data.colours[i];
  line.cells[0].prepend(dot);
  if (data.numbers[i] === data.chosen) line.className = "chosen";
  line.tabIndex = 0;
  line.dataset.number = data.numbers[i];
  line.onclick = () => setTriggerValue("particle", data.numbers[i]);
  line.onkeydown = (event) => {
    if (event.key === "Enter") line.onclick();
  };
  return line;
}
