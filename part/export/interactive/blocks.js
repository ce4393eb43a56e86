// The blocks of a jet and a model: see part/export/interactive/block.py for what is in them.

/** The block of a jet and a model with its arrays; null where the model could not take the jet. */
async function readBlock(jet, model) {
  const element = document.getElementById(`block-${jet}-${model}`);
  if (!element) return null;
  const bytes = Uint8Array.from(atob(element.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { header, rest } = unpack(new Uint8Array(await new Response(stream).arrayBuffer()));
  const arrays = {};
  let start = 0;
  for (const [name, kind, shape, step] of header.columns) {
    const count = shape.reduce((a, b) => a * b, 1);
    const size = kind === "float32" ? 4 : 2;
    arrays[name] = { shape, values: numbers(rest.subarray(start, start + size * count), kind, count, step) };
    start += size * count;
  }
  return { ...header, arrays, computed: new Map() };
}

/** Undo the packing of part/export/interactive/arrays.py: first bytes of all numbers, then second ones and so on. */
function numbers(bytes, kind, count, step) {
  const size = bytes.length / count || 1;
  const whole = new Uint8Array(bytes.length);
  for (let i = 0; i < count; i++) for (let k = 0; k < size; k++) whole[i * size + k] = bytes[k * count + i];
  const view = new DataView(whole.buffer);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] =
      kind === "float32" ? view.getFloat32(4 * i, true)
      : kind === "int16" ? view.getInt16(2 * i, true) * step
      : half(view.getUint16(2 * i, true));
  }
  return values;
}

function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction;
  return bits >> 15 ? -size : size;
}

/** One quantity of a head in file order: n x keys numbers. */
function headValues(block, name, layer, head) {
  const key = `${name} ${layer} ${head}`;
  if (!block.computed.has(key)) block.computed.set(key, computeHead(block, name, layer, head));
  return block.computed.get(key);
}

function computeHead(block, name, layer, head) {
  const { arrays, n, keys, heads } = block;
  const kept = (array) => {
    const { shape, values } = arrays[array];
    const size = shape[2] * shape[3];
    const start = ((shape[0] === 1 ? 0 : layer) * heads + head) * size;
    return values.subarray(start, start + size);
  };
  if (arrays[name]) return kept(name);
  if (name === "logits") {
    const bias = arrays.bias && kept("bias");
    return kept("scores_qk").map((value, i) => value + (bias ? bias[i] : 0));
  }
  if (name === "pattern") return softmaxRows(arrays.scores_qk ? headValues(block, "logits", layer, head) : kept("bias"), n, keys);
  const norms = kept("norms"); // of value-weighted attention, one for each key
  return headValues(block, "pattern", layer, head).map((value, i) => value * norms[i % keys]);
}

function softmaxRows(scores, n, keys) {
  const weights = new Float32Array(n * keys);
  for (let i = 0; i < n; i++) {
    const row = scores.subarray(i * keys, (i + 1) * keys);
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    for (let j = 0; j < keys; j++) sum += weights[i * keys + j] = Math.exp(row[j] - most);
    for (let j = 0; j < keys; j++) weights[i * keys + j] /= sum;
  }
  return weights;
}

/** Numbers for pairs of constituents; over slots the sum over slots of attention times the key's weight in the slot. */
function pairValues(block, name, layer, head) {
  if (!block.slots) return headValues(block, name, layer, head);
  const { n, keys, arrays } = block;
  const pattern = headValues(block, "pattern", layer, head);
  const mixing = arrays.mixing.values.subarray(layer * keys * n, (layer + 1) * keys * n);
  const pairs = new Float32Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < keys; k++)
      for (let j = 0; j < n; j++) pairs[i * n + j] += pattern[i * keys + k] * mixing[k * n + j];
  return pairs;
}
