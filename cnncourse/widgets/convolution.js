// The explorer of chapter 2: a window slides over a picture, multiplies and adds.

/** Positions of a window: the count of `cnncourse.shapes.conv_output_size`. */
function outputSize(n, k, { stride, padding, dilation }) {
  return Math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;
}

/** The 3×3 or 5×5 window of output cell (i, j): pixels, weights and their products, row by row. */
function windowAt(pixels, weights, { stride, padding, dilation }, i, j) {
  return weights.map((row, a) =>
    row.map((weight, b) => {
      const pixel = pixels[i * stride + a * dilation - padding]?.[j * stride + b * dilation - padding] ?? 0;
      return { pixel, weight, product: pixel * weight };
    }),
  );
}

const sumOf = (taps) => taps.flat().reduce((sum, tap) => sum + tap.product, 0);

/** The whole output; flip turns the kernel by 180 degrees first. */
function convolve(pixels, settings) {
  const { kernel, flip } = settings;
  const k = kernel.length;
  const weights = flip ? kernel.map((row) => [...row].reverse()).reverse() : kernel;
  const size = [outputSize(pixels.length, k, settings), outputSize(pixels[0].length, k, settings)];
  const output = Array.from({ length: size[0] }, (_, i) =>
    Array.from({ length: size[1] }, (_, j) => sumOf(windowAt(pixels, weights, settings, i, j))),
  );
  return { size, weights, output };
}

/** The formula of the output size with the numbers filled in. */
function filledIn(n, k, settings) {
  const { stride, padding, dilation } = settings;
  const inside = `${n} + 2·${padding} − ${dilation}·(${k} − 1) − 1`;
  return `⌊(${inside}) / ${stride}⌋ + 1 = ${outputSize(n, k, settings)}`;
}

function checkFit(pixels, settings) {
  const { kernel, padding, dilation } = settings;
  const [side, span] = [Math.min(pixels.length, pixels[0].length), dilation * (kernel.length - 1) + 1];
  if (span <= side + 2 * padding) return;
  throw new Problem(
    `A kernel of size ${kernel.length} with dilation ${dilation} spans ${span} positions and does ` +
      `not fit into ${side} + 2·${padding} = ${side + 2 * padding}: pad more or dilate less.`,
  );
}

export default explorer("Convolution explorer", (ui) => {
  const levels = bytes(ui.get("_photograph"));
  const side = Math.sqrt(levels.length);
  const photograph = Array.from({ length: side }, (_, row) => [...levels.slice(row * side, (row + 1) * side)]);
  const presets = Object.fromEntries(ui.get("_kernels").map(([name, ...both]) => [name, both]));
  const cursor = { row: 0, column: 0 }; // the painting's cell that the keyboard is at
  let brush = 9; // what the pointer held down paints

  const picture = () => (ui.get("picture") === "photograph" ? photograph : ui.get("painting"));
  const sizeNow = () => convolve(picture(), ui.settings()).size;

  // ---- moving the window

  function moveTo(row, column) {
    const [height, width] = sizeNow();
    if (height > 0 && width > 0) ui.set("position", [clamp(row, 0, height - 1), clamp(column, 0, width - 1)]);
  }

  /** Put the window as centrally as it can be over a pixel (row and column count the padding). */
  function moveOver(row, column) {
    const { kernel, stride, dilation } = ui.settings();
    const middle = (dilation * (kernel.length - 1)) / 2;
    moveTo(Math.round((row - middle) / stride), Math.round((column - middle) / stride));
  }

  const here = () => ui.last.position ?? [0, 0];
  function step(rows, columns) {
    moveTo(here()[0] + rows, here()[1] + columns);
    ui.redraw();
    if (!ui.last.problem) ui.say(`Output row ${here()[0]}, column ${here()[1]}: ${number(ui.last.sum)}`);
  }

  // ---- painting

  const isPainting = () => ui.get("picture") === "painting";
  function paint(row, column, level) {
    const rows = ui.get("painting").map((old) => [...old]);
    if (rows[row]?.[column] === undefined) return;
    rows[row][column] = level;
    ui.set("painting", rows);
  }

  const input = ui.grid("Input. Arrow keys move; on a painting, space or a digit paints", {
    point: moveOver,
    press(row, column, first) {
      if (!isPainting()) return;
      const [y, x] = [row - ui.get("padding"), column - ui.get("padding")];
      if (first) brush = picture()[y]?.[x] === ui.get("brush") ? 0 : ui.get("brush");
      paint(y, x, brush);
    },
    step(rows, columns) {
      if (!isPainting()) return step(rows, columns);
      cursor.row = clamp(cursor.row + rows, 0, picture().length - 1);
      cursor.column = clamp(cursor.column + columns, 0, picture()[0].length - 1);
      moveOver(cursor.row + ui.get("padding"), cursor.column + ui.get("padding"));
      ui.redraw();
      ui.say(`Pixel ${picture()[cursor.row][cursor.column]}. Sum ${number(ui.last.sum ?? 0)}`);
    },
    key(event) {
      if (!isPainting() || !/^[ 0-9]$/.test(event.key)) return;
      event.preventDefault();
      paint(cursor.row, cursor.column, event.key === " " ? ui.get("brush") : Number(event.key));
    },
  });
  const output = ui.grid("Output. Arrow keys move the window", { point: moveTo, step });

  // ---- the kernel and its presets

  const index = () => (ui.get("kernel").length === 3 ? 0 : 1);
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const presetNow = () => Object.keys(presets).find((name) => same(presets[name][index()], ui.get("kernel")));
  const random = () => Math.round(20 * Math.random() - 10) / 10;
  const buttons = Object.keys(presets).map((name) =>
    ui.button(name, () => ui.set("kernel", presets[name][index()])),
  );
  const dice = ui.button("random", () => ui.set("kernel", ui.get("kernel").map((row) => row.map(random))));

  const size = html(
    "select",
    {
      onchange() {
        const [old, name, k] = [ui.get("kernel"), presetNow(), Number(size.value)];
        const shift = (old.length - k) / 2; // a kernel of one's own keeps its centre
        const cell = (row, column) => old[row + shift]?.[column + shift] ?? 0;
        const rows = [...Array(k).keys()];
        ui.set("kernel", name ? presets[name][k === 3 ? 0 : 1] : rows.map((r) => rows.map((c) => cell(r, c))));
      },
    },
    ...[3, 5].map((k) => html("option", { value: k }, `${k}×${k}`)),
  );

  const weightTable = html("div", { class: "conv-cells" });
  const productTable = html("div", { class: "conv-cells" });
  let weightInputs = [];
  let productCells = [];

  function readWeights() {
    const values = weightInputs.map((field) => field.valueAsNumber);
    if (values.some(Number.isNaN)) return ui.refuse("kernel", "Every weight must be a number.");
    const old = ui.get("kernel").flat();
    const shown = old.map((weight) => Number(weight.toFixed(3))); // what is only rounded stays exact
    const k = ui.get("kernel").length;
    const flat = values.map((value, i) => (value === shown[i] ? old[i] : value));
    ui.set("kernel", Array.from({ length: k }, (_, row) => flat.slice(row * k, (row + 1) * k)));
  }

  function buildTables(k) {
    const places = [...Array(k * k).keys()];
    weightInputs = places.map((i) =>
      html("input", {
        type: "number", step: "any", oninput: readWeights,
        "aria-label": `Weight, row ${Math.floor(i / k)}, column ${i % k}`,
      }),
    );
    productCells = places.map(() => html("div", {}, html("b"), html("small")));
    for (const table of [weightTable, productTable]) table.dataset.k = k;
    weightTable.replaceChildren(...weightInputs);
    productTable.replaceChildren(...productCells);
  }

  function colourCell(element, t) {
    const colour = ui.diverging(t);
    element.style.backgroundColor = colour;
    element.style.color = inkOn(colour);
  }

  ui.follow("kernel", (kernel) => {
    if (weightInputs.length !== kernel.length ** 2) buildTables(kernel.length);
    size.value = kernel.length;
    const largest = Math.max(...kernel.flat().map(Math.abs)) || 1;
    kernel.flat().forEach((weight, i) => {
      const shown = Number(weight.toFixed(3));
      if (weightInputs[i].valueAsNumber !== shown) weightInputs[i].value = shown;
      colourCell(weightInputs[i], (0.85 * weight) / largest);
    });
    const name = presetNow();
    buttons.forEach((button) => button.setAttribute("aria-pressed", button.textContent === name));
  });

  // ---- the page

  const hint = html("span", {}, "Point at a picture, or move with the arrow keys.");
  const tools = [
    ui.range("brush", "paint with"),
    ui.button("clear", () => ui.set("painting", ui.get("painting").map((row) => row.map(() => 0)))),
  ];
  const inputPane = pane("Input", input.element);
  const outputPane = pane("Output", output.element);
  const kernelPane = pane("Kernel", weightTable);
  const productPane = pane("Products", productTable);
  const sum = html("p", { class: "conv-sum" });
  const formula = html("p", { class: "conv-formula" });
  const toolBar = bar(hint, ...tools);
  toolBar.classList.add("conv-tools");
  ui.root.append(
    bar(choice("Kernel", ...buttons, dice), field("size", size), ui.checkbox("flip", "flip")),
    bar(ui.number("stride", "stride"), ui.number("padding", "padding"), ui.number("dilation", "dilation")),
    bar(ui.select("picture", "picture", { photograph: "photograph", painting: "your own" }), toolBar),
    ui.stage(panes(inputPane, outputPane, kernelPane, productPane), sum, formula),
  );

  // ---- drawing

  function drawInput(pixels, settings, k, [i, j]) {
    const { padding, stride, dilation } = settings;
    const white = isPainting() ? 9 : 255;
    const pixelAt = (row, column) => pixels[row - padding]?.[column - padding];
    const [rows, columns] = [pixels.length + 2 * padding, pixels[0].length + 2 * padding];
    const fill = (row, column) => {
      const pixel = pixelAt(row, column);
      return pixel === undefined ? ui.colour("pad") : grey(pixel / white);
    };
    input.draw(rows, columns, fill, { lines: isPainting() });
    if (isPainting()) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const pixel = pixelAt(row, column);
          const ink = pixel === undefined ? ui.colour("quiet") : inkOn(grey(pixel / white));
          input.write(row, column, String(pixel ?? 0), ink);
        }
      }
    }
    const [top, left, span] = [i * stride, j * stride, dilation * (k - 1) + 1];
    if (dilation > 1) {
      for (let tap = 0; tap < k * k; tap++) {
        const [row, column] = [Math.floor(tap / k), tap % k];
        input.frame(top + row * dilation, left + column * dilation, 1, 1, ui.colour("mark"), 1.5);
      }
    }
    input.frame(top, left, span, span, ui.colour("mark"));
    if (isPainting() && input.focused) {
      input.frame(cursor.row + padding, cursor.column + padding, 1, 1, ui.colour("negative"));
    }
  }

  function drawOutput(values, isPicture, largest, [i, j]) {
    const white = isPainting() ? 9 : 255;
    const colour = (value) => (isPicture ? grey(value / white) : ui.diverging(value / largest));
    const [rows, columns] = [values.length, values[0].length];
    output.draw(rows, columns, (row, column) => colour(values[row][column]), { lines: isPainting() });
    if (output.place.cell >= 26) {
      values.forEach((line, row) =>
        line.forEach((value, column) => output.write(row, column, number(value, 1), inkOn(colour(value)))),
      );
    }
    output.frame(i, j, 1, 1, ui.colour("mark"));
  }

  return () => {
    const settings = ui.settings();
    const { kernel, flip } = settings;
    const k = kernel.length;
    const pixels = picture();
    hint.hidden = isPainting();
    for (const tool of tools) tool.hidden = !isPainting();
    input.element.style.touchAction = isPainting() ? "none" : "";
    checkFit(pixels, settings);

    const { size: shape, weights, output: values } = convolve(pixels, settings);
    const position = settings.position.map((place, axis) => clamp(place, 0, shape[axis] - 1));
    const taps = windowAt(pixels, weights, settings, ...position);
    const total = sumOf(taps);
    const isPicture = Math.abs(kernel.flat().reduce((a, b) => a + b, 0) - 1) < 1e-6;
    const largest = Math.max(...values.flat().map(Math.abs)) || 1;

    drawInput(pixels, settings, k, position);
    drawOutput(values, isPicture, largest, position);
    const strongest = Math.max(...taps.flat().map((tap) => Math.abs(tap.product))) || 1;
    taps.flat().forEach(({ pixel, weight, product }, tap) => {
      const [bold, small] = productCells[tap].children;
      bold.textContent = number(product, k === 3 ? 1 : 0);
      small.textContent = `${pixel} × ${number(weight)}`;
      colourCell(productCells[tap], (0.85 * product) / strongest);
    });

    const [height, width] = shape;
    inputPane.note.textContent = `${pixels.length} × ${pixels[0].length}`;
    outputPane.note.textContent =
      `${height} × ${width}` + (isPicture ? "" : ` · ±${number(largest, 0)}`);
    kernelPane.note.textContent = flip ? "applied flipped" : "";
    productPane.note.textContent = "pixel × weight";
    sum.replaceChildren(
      `Sum of the ${k * k} products: `, html("b", {}, number(total)),
      `, the output at row ${position[0]}, column ${position[1]}.`,
    );
    const lines = pixels.length === pixels[0].length ? ["Here"] : ["Height", "Width"];
    const texts = lines.map((name, axis) =>
      `${name}: ${filledIn([pixels.length, pixels[0].length][axis], k, settings)}`,
    );
    formula.replaceChildren(
      html("span", {}, "Output size = ⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1"),
      ...texts.map((text) => html("span", {}, text)),
    );
    return { size: shape, output: values, taps, sum: total, position, formula: texts };
  };
});
