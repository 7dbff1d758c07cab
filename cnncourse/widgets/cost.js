// The explorer of chapter 3: a stack of layers and what it costs.

const KIND_NAMES = {
  convolution: "convolution",
  grouped: "grouped convolution",
  separable: "depthwise separable",
  pooling: "max pooling",
  mean: "mean over all places",
  dense: "dense",
};
const CURRENCIES = { parameters: "parameters", macs: "multiply-accumulates", bytes: "bytes kept" };
const FLOAT = 4; // bytes of a number in float32
const INDEX = 8; // bytes of an index, which max pooling keeps for each output
const NORM = "batch norm and ReLU";

const valuesOf = ({ channels, side }) => channels * side ** 2;
const shapeOf = ({ channels, side, flat }) => (flat ? [channels] : [channels, side, side]);
const factors = ({ channels, side, flat }) => (flat ? `${channels}` : `${channels}·${side}²`);

/** Output places along a side, and the formula of chapter 2 with the numbers filled in. */
function slide(side, { kind, kernel, stride, padding }) {
  const padded = side + 2 * padding;
  if (kernel > padded) {
    throw new Problem(
      `a kernel of size ${kernel} does not fit into ${side} + 2·${padding} = ${padded} positions: ` +
        "pad more, or shrink the map less before.",
    );
  }
  if (kind === "pooling" && 2 * padding > kernel) {
    throw new Problem(`pooling pads by at most half of its kernel of size ${kernel}, got ${padding}.`);
  }
  const places = Math.floor((padded - kernel) / stride) + 1;
  return [places, `⌊(${side} + 2·${padding} − ${kernel}) / ${stride}⌋ + 1 = ${places}`];
}

/** How many weights a layer has, and the product that says so. */
function weightsOf({ kind, channels: D, kernel, groups = 1 }, map) {
  const C = map.channels;
  if (C % groups || D % groups) {
    throw new Problem(`${groups} groups must divide the ${C} input channels and the ${D} output channels.`);
  }
  if (kind === "dense") return [D * valuesOf(map), `${D}·${whole(valuesOf(map))}`];
  if (kind === "separable") return [C * kernel ** 2 + D * C, `${C}·${kernel}² + ${D}·${C}`];
  const seen = groups > 1 ? `(${C}/${groups})` : C; // channels that an output channel sees
  return [D * (C / groups) * kernel ** 2, `${D}·${seen}·${kernel}²`];
}

/**
 * One layer on one image: what it costs, and its formulas with the numbers filled in. `map` is
 * what the layers before hand over, with two facts about it: whether it is kept already, and
 * whether a layer with parameters came before (until then autograd has nothing to keep).
 */
function costOf(layer, map, { bias, after }, isLast) {
  const { kind, channels, kernel } = layer;
  const isDense = kind === "dense";
  if (map.flat && !isDense) throw new Problem(`a dense layer has no places left for a ${KIND_NAMES[kind]}.`);

  let bytes = 0;
  const kept = []; // the summands of the bytes
  const keep = (name, count, text, width = FLOAT) => {
    bytes += width * count;
    kept.push(`${name} ${width}·${text}`);
  };
  const keepMap = (name, one) => {
    if (!one.kept) keep(name, valuesOf(one), factors(one));
    one.kept = true;
  };

  const [side, size] = kernel ? slide(map.side, layer) : [1, isDense ? `${channels} features` : "one place"];
  const output = { channels: channels ?? map.channels, side, flat: isDense, kept: false, learns: map.learns };
  let [parameters, macs] = [0, 0];
  let [weights, work] = ["none", "none"];
  if (channels) {
    const [count, product] = weightsOf(layer, map);
    parameters = count + (bias ? channels : 0);
    macs = count * side ** 2;
    weights = product + (bias ? ` + ${channels} biases` : "");
    work = `${isDense ? "each weight once" : `${whole(count)} weights · ${side}² places`} = ${whole(macs)}`;
    output.learns = true;
    keepMap("input", map);
    if (kind === "separable") keepMap("between", { channels: map.channels, side });
    if (after === NORM && !isDense) {
      if (side === 1) {
        throw new Problem("batch norm needs several values a channel, and a 1 × 1 map of one image has one.");
      }
      parameters += 2 * channels;
      weights += ` + 2·${channels} norm`;
      keepMap("before norm", { channels, side });
      keep("norm", 2 * channels, `2·${channels}`);
    }
    weights += ` = ${whole(parameters)}`;
    if (after !== "nothing" && !(isDense && isLast)) keepMap("ReLU", output);
  } else if (kind === "pooling" && map.learns) {
    keepMap("input", map);
    keep("winners", valuesOf(output), factors(output), INDEX);
  }
  const memory = bytes ? `${kept.join(" + ")} = ${whole(bytes)}` : "nothing that is not kept already";
  return { parameters, macs, bytes, output, formulas: [size, weights, work, memory] };
}

/** All rows down to the first layer that does not fit, whose sentence is `problem`. */
function billOf(settings) {
  const { channels, size, layers } = settings;
  const rows = [];
  let map = { channels, side: size, flat: false, kept: false, learns: false };
  for (const [index, layer] of layers.entries()) {
    try {
      rows.push(costOf(layer, map, settings, index === layers.length - 1));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { rows, problem: `Layer ${index + 1}: ${error.message}` };
    }
    map = rows[index].output;
  }
  const total = Object.keys(CURRENCIES).map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]);
  return { rows, total: Object.fromEntries(total), dense: denseOf(channels * size ** 2, map, settings.bias) };
}

/** The one dense layer that would map the same input to an output of the same size. */
function denseOf(inputs, map, bias) {
  const outputs = valuesOf(map);
  const macs = inputs * outputs;
  return { inputs, outputs, parameters: macs + (bias ? outputs : 0), macs, bytes: FLOAT * inputs };
}

/** A sentence about the first setting that is not what Python would take, or nothing. */
function faultOf(layers, limits, kinds) {
  for (const [index, layer] of layers.entries()) {
    if (!kinds[layer.kind]) {
      const names = Object.keys(KIND_NAMES).join(", ");
      return `Layer ${index + 1}: kind must be one of ${names}, got ${layer.kind}.`;
    }
    for (const [name, low, high] of limits) {
      const value = layer[name];
      if (!(name in kinds[layer.kind]) || (Number.isInteger(value) && value >= low && value <= high)) continue;
      const got = value === undefined || Number.isNaN(value) ? "nothing" : value;
      return `Layer ${index + 1}: ${name} must be an integer from ${low} to ${high}, got ${got}.`;
    }
  }
  return "";
}

/** 40282095616 becomes "40,282,095,616", and from `limit` on a number becomes "1.2·10¹¹". */
function large(value, limit = 1e11) {
  if (value < limit) return whole(value);
  const [mantissa, exponent] = value.toExponential(1).split("e+");
  return `${mantissa}·10${[...exponent].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
}

const times = (ratio) => (ratio < 10 ? Number(ratio.toPrecision(2)) : large(Math.round(ratio), 1e6));
const rounded = (size) =>
  size < 2 ** 20 ? `${number(size / 2 ** 10, 1)} KiB` : `${number(size / 2 ** 20, 1)} MiB`;
const shapeText = (map) => shapeOf(map).join(" × ");

function describe({ kind, channels, kernel, stride, padding, groups }) {
  const parts = [];
  if (kernel) parts.push(`${kernel}×${kernel}`);
  if (kernel && (stride > 1 || kind === "pooling")) parts.push(`stride ${stride}`);
  if (padding) parts.push(`pad ${padding}`);
  if (groups) parts.push(`${groups} groups`);
  if (kind === "dense") parts.push(`${channels} features`);
  return parts.join(" · ");
}

export default explorer("Cost calculator", (ui) => {
  const [limits, kinds, most] = [ui.get("_limits"), ui.get("_kinds"), ui.get("_most_layers")];
  const presets = ui.get("_presets").map(([name, channels, size, after, bias, layers]) => [
    name, { channels, size, after, bias, layers },
  ]);
  let selected = 0; // the layer in the editor

  // ---- changing the stack

  const layersNow = () => ui.get("layers");
  const numbered = (index) => `Layer ${index + 1} of ${layersNow().length}`;

  function change(layers, index) {
    selected = index;
    const fault = faultOf(layers, limits, kinds);
    if (fault) return ui.refuse("layers", fault);
    ui.set("layers", layers);
    ui.redraw();
    const row = ui.last.rows?.[selected];
    if (!row) return;
    const costs = Object.entries(CURRENCIES).map(([name, words]) => `${whole(row[name])} ${words}`);
    ui.say(`${numbered(selected)}: ${costs.join(", ")}`);
  }

  const edit = (setting) =>
    change(layersNow().map((layer, i) => (i === selected ? { ...layer, ...setting } : layer)), selected);

  /** Another kind keeps the settings that both have, unless one of them is pooling. */
  function turnInto(kind) {
    const old = layersNow()[selected];
    const shared = Object.keys(kinds[kind]).filter((name) => name in old);
    const carried = [kind, old.kind].includes("pooling") ? [] : shared.map((name) => [name, old[name]]);
    const layer = { kind, ...kinds[kind], ...Object.fromEntries(carried) };
    change(layersNow().with(selected, layer), selected);
  }

  function move(by) {
    const target = selected + by;
    if (target < 0 || target >= layersNow().length) return;
    change(layersNow().with(selected, layersNow()[target]).with(target, layersNow()[selected]), target);
  }

  function add() {
    if (layersNow().length < most) {
      change(layersNow().toSpliced(selected + 1, 0, { ...layersNow()[selected] }), selected + 1);
    }
  }

  function remove() {
    if (layersNow().length > 1) change(layersNow().toSpliced(selected, 1), selected);
  }

  function select(index) {
    selected = clamp(index, 0, layersNow().length - 1);
    ui.set("layers", layersNow()); // forgets a refused value of the layer left behind
  }

  // ---- the editor

  const kind = html(
    "select", { onchange: () => turnInto(kind.value), "aria-label": "Kind of layer" },
    ...Object.entries(KIND_NAMES).map(([value, name]) => html("option", { value }, name)),
  );
  const fields = limits.map(([name, min, max]) => {
    const read = () => edit({ [name]: input.valueAsNumber });
    const input = html("input", { type: "number", min, max, step: 1, oninput: read });
    return { name, input, element: field(name, input) };
  });
  const title = html("b");
  const formulaTitle = html("b");
  const buttons = {
    up: ui.button("↑", () => move(-1)),
    down: ui.button("↓", () => move(1)),
    add: ui.button("add", add),
    remove: ui.button("remove", remove),
  };
  const meaning = { up: "Move up", down: "Move down", add: "Add a copy below", remove: "Remove" };
  for (const [name, button] of Object.entries(buttons)) {
    button.setAttribute("aria-label", meaning[name]);
    button.title = meaning[name];
  }
  const terms = ["output", "parameters", "MACs", "bytes kept"];
  const formulas = terms.map(() => html("dd"));
  const editor = html(
    "div", { class: "cost-editor", role: "group", "aria-label": "Selected layer" },
    bar(title, kind, html("span", { class: "cost-buttons" }, ...Object.values(buttons))),
    html("div", { class: "cost-fields" }, ...fields.map(({ element }) => element)),
  );

  function showEditor(layers) {
    selected = Math.min(selected, layers.length - 1);
    const layer = layers[selected];
    title.textContent = numbered(selected);
    formulaTitle.textContent = `Layer ${selected + 1}, ${KIND_NAMES[layer.kind]}`;
    kind.value = layer.kind;
    for (const { name, input, element } of fields) {
      const isOn = name in kinds[layer.kind];
      input.disabled = !isOn;
      element.classList.toggle("cost-off", !isOn);
      if (!isOn) input.value = "";
      else if (input.valueAsNumber !== layer[name]) input.value = layer[name];
    }
    fields[0].element.firstChild.textContent = layer.kind === "dense" ? "features" : "channels";
    const last = layers.length - 1;
    const isFull = layers.length === most;
    const off = { up: selected === 0, down: selected === last, add: isFull, remove: last === 0 };
    for (const [name, button] of Object.entries(buttons)) button.setAttribute("aria-disabled", off[name]);
  }

  // ---- the table

  function makeRow(name, { note = "", onclick = false, role = "cell" } = {}) {
    const parts = { shape: html("div", { role, class: "cost-shape" }), note: html("small", {}, note) };
    for (const currency of Object.keys(CURRENCIES)) {
      parts[currency] = { value: html("span"), under: html("small") };
    }
    const cells = Object.keys(CURRENCIES).map((currency) =>
      html("div", { role, class: `cost-${currency}` }, parts[currency].value, parts[currency].under),
    );
    const head = html("div", { role: onclick ? "rowheader" : role, class: "cost-name" }, name, parts.note);
    const attributes = { role: "row", class: "cost-row", ...(onclick && { onclick }) };
    return { ...parts, element: html("div", attributes, head, parts.shape, ...cells) };
  }

  const header = makeRow("layer", { role: "columnheader" });
  header.element.classList.add("cost-header");
  header.shape.textContent = "output";
  for (const [name, words] of Object.entries(CURRENCIES)) header[name].value.textContent = words;
  const sum = makeRow(html("b", {}, "whole stack"));
  const dense = makeRow("one dense layer");
  const group = (name, ...all) => html("div", { class: name, role: "rowgroup" }, ...all);
  const sums = group("cost-sums", header.element, sum.element, dense.element);
  const list = group("cost-rows");
  const rows = []; // made when first needed
  const room = html("div", { class: "cost-room" }); // so that up to seven layers nothing below moves

  function rowAt(index) {
    if (rows[index]) return rows[index];
    const words = html("span");
    const button = html("button", { type: "button", onkeydown }, words);
    const row = makeRow(button, { onclick: () => select(index) });
    function onkeydown(event) {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      select(index + by);
      rows[selected].button.focus();
    }
    button.append(row.note);
    showNothing(row);
    return (rows[index] = { ...row, words, button });
  }

  function showRows(layers) {
    layers.forEach((layer, i) => {
      const row = rowAt(i);
      row.words.textContent = `${i + 1} ${KIND_NAMES[layer.kind]}`;
      row.note.textContent = describe(layer);
      row.element.classList.toggle("cost-selected", i === selected);
      row.button.setAttribute("aria-current", i === selected);
    });
    const shown = rows.slice(0, layers.length).map(({ element }) => element);
    shown.forEach((element) => element.parentNode || list.append(element));
    rows.slice(layers.length).forEach(({ element }) => element.remove());
    room.style.setProperty("--rows", Math.max(0, 7 - layers.length));
  }

  ui.follow("layers", (layers) => {
    if (faultOf(layers, limits, kinds)) return;
    showEditor(layers);
    showRows(layers);
  });

  // ---- the page

  const key = (layers) => JSON.stringify(layers.map((layer) => Object.entries(layer).sort()));
  const isPreset = (preset) =>
    Object.entries(preset).every(([name, value]) =>
      name === "layers" ? key(value) === key(ui.get(name)) : value === ui.get(name),
    );
  const presetButtons = presets.map(([name, preset]) =>
    ui.button(name, () => {
      selected = 0;
      for (const [setting, value] of Object.entries(preset)) ui.set(setting, value);
    }),
  );
  ui.root.classList.add("cost");
  ui.root.append(
    html("p", { class: "cost-note" },
      "Try first: in which layer is each of the three bars longest? Double height = width: why do " +
        "LeNet-5's parameters grow too? Turn its layer 4 into a mean over all places and try again."),
    bar(choice("Stack", ...presetButtons), ui.checkbox("bias", "biases")),
    bar(
      ui.number("channels", "input channels"), ui.number("size", "height = width"),
      ui.select("after", "behind each", { ReLU: "ReLU", nothing: "nothing", [NORM]: NORM }),
    ),
    editor,
    ui.stage(html("div", { role: "table", "aria-label": "Costs of one image" }, sums, list)),
    html("div", { class: "cost-formulas" }, formulaTitle,
      html("dl", {}, ...terms.flatMap((term, i) => [html("dt", {}, term), formulas[i]]))),
    html("p", { class: "cost-note" },
      "Bars are shares of the whole stack. Parameters are weights, biases and two numbers a channel " +
        "for batch norm. Multiply-accumulates are products, those with padding included; norm, ReLU " +
        "and pooling count as none. Bytes kept are what autograd holds of one image in float32 until " +
        "the backward pass: convolutions and dense layers need their input, ReLU its output, batch " +
        "norm its input and two numbers a channel, max pooling its input and an index of 8 bytes for " +
        "each output. What several need counts once, at the first. ReLU and batch norm stand behind " +
        "convolutions; behind dense layers except the last, ReLU."),
    room,
  );

  // ---- drawing

  /** What is there at all is seen: two pixels at least. */
  const setBar = (bar, share) => bar.style.setProperty("--share", share ? `max(2px, ${100 * share}%)` : "0px");

  function showCosts(row, cost, total) {
    row.shape.textContent = shapeText(cost.output);
    for (const name of Object.keys(CURRENCIES)) {
      row[name].value.textContent = large(cost[name]);
      setBar(row[name].under, cost[name] / (total[name] || 1));
    }
  }

  function showNothing(row) {
    row.shape.textContent = "–";
    for (const name of Object.keys(CURRENCIES)) {
      row[name].value.textContent = "–";
      setBar(row[name].under, 0);
    }
  }

  return () => {
    const settings = ui.settings();
    const fault = faultOf(settings.layers, limits, kinds);
    if (fault) throw new Problem(fault);
    const bill = billOf(settings);
    presetButtons.forEach((button, i) => button.setAttribute("aria-pressed", isPreset(presets[i][1])));
    const totals = bill.total ?? { parameters: Infinity, macs: Infinity, bytes: Infinity };
    settings.layers.forEach((_, i) => {
      rows[i].element.classList.toggle("cost-bad", i === bill.rows.length);
      if (bill.rows[i]) showCosts(rows[i], bill.rows[i], totals);
      else showNothing(rows[i]);
    });
    const chosen = bill.rows[selected]?.formulas ?? ["does not fit", "–", "–", "–"];
    chosen.forEach((text, i) => (formulas[i].textContent = text));
    if (bill.problem) throw new Problem(bill.problem);

    const input = { channels: settings.channels, side: settings.size };
    sum.note.textContent = `from ${shapeText(input)}`;
    sum.shape.textContent = shapeText(bill.rows.at(-1).output);
    dense.note.textContent = `${whole(bill.dense.inputs)} → ${whole(bill.dense.outputs)}`;
    const ratios = {};
    for (const name of Object.keys(CURRENCIES)) {
      sum[name].value.textContent = large(bill.total[name]);
      dense[name].value.textContent = large(bill.dense[name]);
      ratios[name] = bill.total[name] ? bill.dense[name] / bill.total[name] : null;
      dense[name].under.textContent = bill.total[name] ? `${times(ratios[name])} × stack` : "";
    }
    sum.bytes.under.textContent = rounded(bill.total.bytes);
    const plain = bill.rows.map(({ output, ...row }) => ({ ...row, shape: shapeOf(output) }));
    return { rows: plain, total: bill.total, dense: { ...bill.dense, ratios } };
  };
});
