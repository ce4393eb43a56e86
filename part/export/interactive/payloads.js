// What each canvas of the app draws, put together from a block and what is chosen.

/** Bytes as `unpack` reads them: the header's length, the header with the arrays' shapes, the arrays. */
function packed(header, arrays, rest = new Uint8Array()) {
  const shapes = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, [values.length]]));
  const head = new TextEncoder().encode(JSON.stringify({ ...header, arrays: shapes }));
  const parts = [Uint32Array.of(head.length), head, ...Object.values(arrays), rest];
  const bytes = new Uint8Array(parts.reduce((sum, piece) => sum + piece.byteLength, 0));
  let start = 0;
  for (const piece of parts) {
    bytes.set(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength), start);
    start += piece.byteLength;
  }
  return bytes;
}

/** Values (n, keys) with the rows, and the columns unless they are slots, in the order shown. */
function reordered(block, values, order) {
  const { n, keys, slots } = block;
  const made = new Float32Array(n * keys);
  for (let i = 0; i < n; i++) for (let j = 0; j < keys; j++) made[i * keys + j] = values[order[i] * keys + (slots ? j : order[j])];
  return made;
}

function quantityOf(block, state) {
  return block.quantities.find(({ name }) => name === state.quantity);
}

/** The order that is chosen, or that of the file where these jets do not have it. */
function orderOf(block, state) {
  return block.orders[state.order] || block.orders.file;
}

function headTitle(state) {
  return `Layer ${state.layer + 1}, head ${state.head + 1}`;
}

function mosaicPayload(block, state, palettes, key, names) {
  const quantity = quantityOf(block, state);
  const { scale, limits } = quantity[state.scale];
  const { order } = orderOf(block, state);
  const { layers, heads, n, keys } = block;
  const level = levels(scale, limits);
  const pixels = new Uint8Array(layers * heads * n * keys);
  for (let tile = 0; tile < layers * heads; tile++) {
    const values = reordered(block, headValues(block, state.quantity, Math.floor(tile / heads), tile % heads), order);
    for (let i = 0; i < values.length; i++) pixels[tile * n * keys + i] = level(values[i]);
  }
  const header = { key, layers, heads, n, columns: keys, title: quantity.title, palette: palettes[Number(quantity.signed)], names };
  return packed(header, {}, pixels);
}

function headPayload(block, state, palettes, key, model) {
  const quantity = quantityOf(block, state);
  const { order, marks, borders, title } = orderOf(block, state);
  const arrays = {};
  for (const { name } of block.quantities) arrays[name] = reordered(block, headValues(block, name, state.layer, state.head), order);
  const header = {
    key,
    n: block.n,
    title: headTitle(state),
    caption: `${model}${headTitle(state)}: ${quantity.title}`,
    quantity: quantity.title,
    quantities: block.quantities.map(({ name, title }) => [name, title]),
    orderTitle: title,
    marks,
    borders,
    particles: order.map((i) => block.particles[i]),
  };
  const shown = { ...quantity[state.scale], palette: palettes[Number(quantity.signed)] };
  if (block.slots) return slotsPayload(block, state, header, arrays, shown, quantity, palettes, order);
  arrays.shown = arrays[state.quantity];
  return packed({ ...header, ...shown, ...classRows(block, state, palettes, order, arrays) }, arrays);
}

/** Headers of the class token's rows; their values join the arrays. */
function classRows(block, state, palettes, order, arrays) {
  if (!block.classRows) return { classRows: 0 };
  const { layers, heads } = block.classRows;
  const { scale, limits, ticks } = block.classRows[state.scale];
  const { values } = block.arrays.class_pattern;
  const columns = [0, ...order.map((i) => i + 1)];
  arrays.class_pattern = new Float32Array(values.length);
  for (let row = 0; row < layers * heads; row++)
    columns.forEach((from, to) => (arrays.class_pattern[row * columns.length + to] = values[row * columns.length + from]));
  return { classRows: layers * heads, classLayers: layers, classScale: scale, classLimits: limits, classTicks: ticks, classPalette: palettes[0] };
}

function slotsPayload(block, state, header, arrays, shown, quantity, palettes, order) {
  const { n, keys } = block;
  const mixing = block.arrays.mixing.values.subarray(state.layer * keys * n, (state.layer + 1) * keys * n);
  arrays.slot_weights = new Float32Array(n * keys);
  order.forEach((from, i) => { for (let k = 0; k < keys; k++) arrays.slot_weights[i * keys + k] = mixing[k * n + from]; });
  const { contents, ...weights } = block.slots[state.layer];
  const panels = [
    { array: state.quantity, title: quantity.title, ...shown },
    { array: "slot_weights", title: "slot weights", ...weights, palette: palettes[1] },
  ];
  return packed({ ...header, slots: keys, panels, contents }, arrays);
}

/** Query, key and value of the pairs that are largest in size, off the diagonal, all of the chosen query if there is one. */
function strongestEdges(values, n, count, query) {
  const pairs = [];
  const [first, last] = query === null ? [0, n] : [query, query + 1];
  for (let i = first; i < last; i++) for (let j = 0; j < n; j++) if (i !== j) pairs.push(i * n + j);
  pairs.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
  return pairs.slice(0, count).map((i) => [Math.floor(i / n), i % n, values[i]]);
}

function displayPayload(block, state, accent, height, key) {
  const jet = coloursOf(block, state).display;
  const shared = { key, jet: key.split("/")[0], height, selected: state.particle, accent, edges: [], weights: [], quantity: "", title: "Constituents" };
  if (!block.quantities.length) return { ...jet, ...shared };
  const quantity = quantityOf(block, state);
  const values = pairValues(block, state.quantity, state.layer, state.head);
  const edges = strongestEdges(values, block.n, state.edges, state.particle);
  const row = state.particle === null ? [] : Array.from(values.subarray(state.particle * block.n, (state.particle + 1) * block.n));
  return {
    ...jet,
    ...shared,
    title: headTitle(state),
    quantity: block.slots ? block.throughSlots : quantity.title,
    signed: quantity.signed || block.slots !== null,
    ...(block.slots ? { scale: "linear", limits: symmetric(values, block.n) } : quantity[state.scale]),
    edges,
    weights: row,
  };
}

function symmetric(values, n) {
  let most = 0;
  for (let i = 0; i < n * n; i++) if (n === 1 || i % (n + 1)) most = Math.max(most, Math.abs(values[i]));
  return [-(most || 1), most || 1];
}

function coloursOf(block, state) {
  return block.colours.find(({ name }) => name === state.colour) || block.colours[0];
}

/** The constituents in the order shown, with the attention that they receive and, if one is chosen, that it gives. */
function tablePayload(block, state, height, key) {
  const { columns, rows, colours } = coloursOf(block, state).table;
  const { order } = orderOf(block, state);
  const n = block.n;
  const place = columns.findIndex(([heading]) => heading === "received");
  const received = place >= 0 && pairValues(block, "pattern", state.layer, state.head);
  const mean = (j) => Array.from({ length: n }, (_, i) => received[i * n + j]).reduce((a, b) => a + b, 0) / n;
  const given = place >= 0 && state.particle !== null && quantityOf(block, state) && pairValues(block, state.quantity, state.layer, state.head);
  const extra = given ? [[`from ${state.particle + 1}`, false]] : [];
  const shown = place < 0 ? columns : [...columns.slice(0, place), ...extra, ...columns.slice(place)];
  const texts = order.map((i) => {
    const row = [...rows[i]];
    if (place >= 0) row.splice(place, 1, ...(given ? [digits(given[state.particle * n + i])] : []), digits(mean(i)));
    return row;
  });
  return {
    key, height, columns: shown, rows: texts, numbers: order.map((i) => i + 1), colours: order.map((i) => colours[i]),
    chosen: state.particle === null ? null : state.particle + 1,
  };
}
