// The explorer of chapter 5: a stack of layers, and what one of its units sees of a picture.
//
// One axis at a time: the rows and the columns that a unit sees follow the same arithmetic.

const SIDE = 224; // pixels of the photograph along each edge
const MOST_LAYERS = 20;
const LARGEST = 3000; // pixels: a larger field is refused

/** Throw a sentence about the first value that no layer may have. */
function checkLayers(layers, ranges) {
  layers.forEach((row, index) =>
    ranges.forEach(([name, low, high], column) => {
      const value = row[column];
      if (Number.isInteger(value) && value >= low && value <= high) return;
      const got = Number.isFinite(value) ? value : "nothing";
      throw new Problem(`${name} of layer ${index + 1} must be an integer from ${low} to ${high}, got ${got}.`);
    }),
  );
}

/** Of layer 0, the pixels, and of every layer after it: the recursion, and how many units fit. */
function fieldsOf(layers) {
  const fields = [{ size: 1, stride: 1, padding: 0, units: SIDE }];
  layers.forEach(([k, s, p, d], index) => {
    const { size, stride, padding, units } = fields[index];
    const span = d * (k - 1) + 1;
    if (span > units + 2 * p) {
      throw new Problem(
        `Layer ${index + 1}: a kernel of size ${k} with dilation ${d} spans ${span} positions and does not ` +
          `fit into ${units} + 2·${p} = ${units + 2 * p}: pad more or dilate less.`,
      );
    }
    const next = {
      size: size + d * (k - 1) * stride,
      stride: stride * s,
      padding: padding + p * stride,
      units: Math.floor((units + 2 * p - span) / s) + 1,
    };
    if (Math.max(next.size, next.stride) > LARGEST) {
      throw new Problem(
        `Units of layer ${index + 1} see ${whole(next.size)} pixels and stand ${whole(next.stride)} apart; ` +
          `the page draws up to ${whole(LARGEST)}: take a smaller stride, kernel or dilation.`,
      );
    }
    fields.push(next);
  });
  return fields;
}

/**
 * A random path of reads starts at unit i of a layer and takes each tap with the same probability.
 * Returns, for that layer and all below, from the pixels on, where it may pass: `mass[t]` is the
 * probability of position `first + t`, and 0 only where no path leads, in a hole.
 */
function pathsFrom(layers, layer, i) {
  const levels = [{ first: i, mass: [1] }];
  for (const [k, s, p, d] of layers.slice(0, layer).reverse()) {
    const { first, mass } = levels[0];
    const spread = Array((mass.length - 1) * s + d * (k - 1) + 1).fill(0);
    mass.forEach((probability, t) => {
      for (let a = 0; a < k; a++) spread[t * s + d * a] += probability / k;
    });
    levels.unshift({ first: first * s - p, mass: spread });
  }
  return levels;
}

/** The pixel in the middle of unit i's field; a half where the size is even. */
const centreOf = ({ size, stride, padding }, i) => i * stride - padding + (size - 1) / 2;
const unitsPast = ({ size, stride, padding }, pixel) => (pixel + padding - (size - 1) / 2) / stride;

/** The place of the unit whose field is centred nearest to a pixel. */
function nearest(field, pixel) {
  const i = clamp(Math.round(unitsPast(field, pixel)), 0, field.units - 1);
  return Math.floor(centreOf(field, i));
}

const count = (mass) => mass.filter((probability) => probability > 0).length;

/** Probability that both axes of a path end inside when `trim` pixels are cut off at every side. */
function shareWithin(mass, trim) {
  return mass.slice(trim, mass.length - trim).reduce((sum, probability) => sum + probability, 0) ** 2;
}

/** Side of the smallest centred square with 95 % of the paths. */
function sideHolding(mass) {
  let trim = Math.floor((mass.length - 1) / 2);
  while (trim > 0 && shareWithin(mass, trim) < 0.95) trim--;
  return mass.length - 2 * trim;
}

/** The recursion for one layer with the numbers filled in: [left side, right side, result]. */
function filledIn([k, s, p, d], before, after) {
  return [
    ["size R", `${before.size} + ${d}·(${k} − 1)·${before.stride}`, after.size],
    ["stride S", `${before.stride}·${s}`, after.stride],
    ["padding P", `${before.padding} + ${p}·${before.stride}`, after.padding],
  ];
}

export default explorer("Receptive field explorer", (ui) => {
  const stacks = Object.fromEntries(ui.get("_stacks"));
  const ranges = ui.get("_ranges");
  const layers = () => ui.get("layers");
  const photo = html("img", { alt: "", onload: () => ui.later() });
  photo.src = `data:image/jpeg;base64,${ui.get("_photograph")}`;

  // ---- choosing a layer and one of its units

  /** The last layer stays the last one when layers come and go. */
  const choose = (layer) =>
    ui.set("layer", layer >= layers().length ? MOST_LAYERS : Math.max(layer, 1));

  function step(rows, columns) {
    const { field, unit, range } = ui.last;
    if (!unit) return;
    const moved = [unit[0] + rows, unit[1] + columns].map((i) => clamp(i, ...range));
    ui.set("place", moved.map((i) => Math.floor(centreOf(field, i))));
    tell();
  }

  function tell() {
    ui.redraw();
    if (ui.last.problem) return;
    const { layer, unit, intervals } = ui.last;
    const [rows, columns] = intervals.map(([first, last]) => `${first} to ${last}`);
    ui.say(`Layer ${layer}, unit row ${unit[0]}, column ${unit[1]}: sees rows ${rows}, columns ${columns}`);
  }

  const picture = ui.grid("Picture. Arrow keys move to the next unit", {
    point(y, x) {
      const { field } = ui.last;
      if (field) ui.set("place", [y, x].map((dots) => nearest(field, Math.floor(pixelAt(dots)))));
    },
    step,
  });
  const tower = ui.grid("Layers. Up and down choose one, left and right its unit", {
    point(y, x) {
      const layer = clamp(layers().length - Math.floor(y / rowHeight()), 1, layers().length);
      const field = ui.last.fields?.[layer];
      choose(layer);
      if (field) ui.set("place", [ui.get("place")[0], nearest(field, columnAt(x))]);
    },
    step(rows, columns) {
      if (columns) return step(0, columns);
      choose((ui.last.layer ?? 1) - rows);
      tell();
    },
  });

  // ---- the table of layers

  const cell = (role, ...children) => html("div", { role }, ...children);
  const heading = (name, rule = "") => {
    const [word, letter] = name.split(" ");
    return cell("columnheader", html("span", {}, `${word} `), letter, html("small", {}, rule));
  };
  const table = html("div", { class: "rf-table", role: "table", "aria-label": "Layers" });
  const head = html(
    "div", { role: "row", class: "rf-head" },
    ...["layer l", ...ranges.map(([name]) => `${name} ${name[0]}`)].map((name) => heading(name)),
    heading("size R", "R + d(k − 1)S"), heading("stride S", "S·s"), heading("padding P", "P + p·S"),
    cell("columnheader", html("span", { class: "rf-hidden" }, "remove")),
  );
  table.append(head);

  function edit() {
    const typed = layers().map((_, index) => rows[index].inputs.map((input) => input.valueAsNumber));
    try {
      checkLayers(typed, ranges);
      ui.set("layers", typed);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      ui.refuse("layers", error.message);
    }
  }

  function remove(index) {
    if (layers().length === 1) return;
    ui.set("layers", layers().filter((_, other) => other !== index));
    ui.redraw();
    rows[Math.min(index, layers().length - 1)].remove.focus();
  }

  const rows = Array.from({ length: MOST_LAYERS }, (_, index) => {
    const name = index + 1;
    const select = ui.button(name, () => (choose(name), tell()));
    select.setAttribute("aria-label", `Choose layer ${name}`);
    const inputs = ranges.map(([word, min, max]) =>
      html("input", {
        type: "number", min, max, step: 1, oninput: edit, "aria-label": `${word} of layer ${name}`,
      }),
    );
    const results = Array.from({ length: 3 }, () => html("div", { role: "cell", class: "rf-out" }));
    const remover = ui.button("×", () => remove(index));
    remover.setAttribute("aria-label", `Remove layer ${name}`);
    const element = html(
      "div", { role: "row" },
      cell("cell", select), ...inputs.map((input) => cell("cell", input)), ...results, cell("cell", remover),
    );
    table.append(element);
    return { element, select, inputs, results, remove: remover };
  });

  const adder = ui.button("+ layer", () => {
    ui.set("layers", [...layers(), [3, 1, 1, 1]]);
    ui.redraw();
    table.scrollTop = table.scrollHeight;
  });
  table.append(html("div", { role: "row" }, html("div", { role: "cell", class: "rf-add" }, adder)));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const presets = Object.keys(stacks).map((name) =>
    ui.button(name, () => {
      ui.set("layers", stacks[name]);
      ui.set("layer", MOST_LAYERS);
    }),
  );

  ui.follow("layers", (stack) => {
    rows.forEach(({ element, inputs }, index) => {
      element.hidden = index >= stack.length;
      inputs.forEach((input, column) => {
        const value = stack[index]?.[column];
        if (input.valueAsNumber !== value) input.value = value ?? "";
      });
    });
    rows[0].remove.disabled = stack.length === 1;
    adder.disabled = stack.length === MOST_LAYERS;
    for (const button of presets) {
      button.setAttribute("aria-pressed", same(stacks[button.textContent], stack));
    }
  });

  // ---- the page

  const presetBar = bar(...presets);
  presetBar.classList.add("rf-presets");
  const picturePane = pane("Picture", picture.element);
  const towerPane = pane("Layers", tower.element);
  towerPane.note.append("units read", html("span", { class: "rf-wide" }, " · hollow: padding"));
  const sees = html("p");
  const share = html("p");
  const formula = html("p", { class: "rf-formula" });
  ui.root.append(
    presetBar,
    bar(
      html("span", { class: "rf-hint" }, "Point at the picture or at a layer. Then try “dilated 2, 2, 2”."),
      ui.checkbox("effective", "effective field"),
    ),
    ui.stage(panes(picturePane, towerPane), html("div", { class: "rf-facts" }, sees, share), formula),
    table,
  );

  // ---- drawing; both panes show the pixels from view.low on, view.side of them

  let view = { low: 0, side: SIDE };
  let shownLayer; // the one whose row the table has been scrolled to
  const margin = 30; // of the tower, for what is written on its sides
  const pixelAt = (dots) => view.low + (dots * view.side) / picture.place.columns;
  const columnAt = (x) => view.low - 0.5 + ((x - margin) * view.side) / (tower.place.columns - 2 * margin);
  const rowHeight = () => tower.place.rows / (layers().length + 1);

  /** The middle of the photograph, with room for the last layer's field and some of its units. */
  function viewOf({ size, stride }) {
    const side = Math.ceil(Math.max(1.5 * size, 3 * stride, 15));
    return { side, low: SIDE / 2 - Math.ceil(side / 2) };
  }

  /** Clear a grid; from now on each of its cells is a dot of the screen. */
  function clear(grid) {
    grid.draw(1, 1, () => null);
    const { clientWidth: columns, clientHeight: rows } = grid.element;
    grid.place = { rows, columns, cell: 1, left: 0, top: 0 };
    return grid.context;
  }

  const veil = html("canvas");

  /** Along an axis of `cells` bins of `bin` pixels: the parts seen and the mean probability. */
  function binned({ first, mass }, bin, cells) {
    const [seen, weight] = [new Float64Array(cells), new Float64Array(cells)];
    mass.forEach((probability, t) => {
      const place = Math.floor((first + t - view.low) / bin);
      if (probability === 0 || place < 0 || place >= cells) return;
      seen[place] += 1 / bin;
      weight[place] += probability / bin;
    });
    return { seen, weight, most: Math.max(...weight) };
  }

  /** Paint a veil over what is not seen and, where paths end, blue in proportion to how many. */
  function drawVeil(axes) {
    const bin = Math.ceil(view.side / 400);
    const cells = Math.ceil(view.side / bin);
    const [down, across] = axes.map((axis) => binned(axis, bin, cells));
    const [paper, blue] = [ui.colour("paper"), ui.colour("negative")].map(channels);
    const tint = ui.get("effective") ? 0.92 / (down.most * across.most) : 0;
    veil.width = veil.height = cells;
    const context = veil.getContext("2d");
    const image = context.createImageData(cells, cells);
    for (let row = 0, at = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++, at += 4) {
        const ink = tint * down.weight[row] * across.weight[column];
        const shade = 0.72 * (1 - down.seen[row] * across.seen[column]) * (1 - ink);
        const alpha = ink + shade;
        for (let part = 0; part < 3; part++) {
          image.data[at + part] = alpha && (blue[part] * ink + paper[part] * shade) / alpha;
        }
        image.data[at + 3] = 255 * alpha;
      }
    }
    context.putImageData(image, 0, 0);
    return cells * bin;
  }

  function drawPicture(axes, side) {
    const context = clear(picture);
    const scale = picture.place.columns / view.side;
    const dots = (pixel) => (pixel - view.low) * scale;
    context.fillStyle = ui.colour("pad");
    context.fillRect(0, 0, picture.place.columns, picture.place.rows);
    context.imageSmoothingEnabled = scale < 1;
    if (photo.naturalWidth > 0) {
      context.drawImage(photo, dots(0), dots(0), SIDE * scale, SIDE * scale);
    }
    context.imageSmoothingEnabled = scale < 2; // dots of a raster would beat with those of the screen
    const painted = drawVeil(axes) * scale;
    context.drawImage(veil, 0, 0, painted, painted);
    const [top, left] = axes.map(({ first }) => dots(first));
    const size = axes[0].mass.length;
    picture.frame(top, left, size * scale, size * scale, ui.colour("mark"));
    if (ui.get("effective") && side < size) {
      const edge = ((size - side) / 2) * scale;
      context.setLineDash([5, 4]);
      picture.frame(top + edge, left + edge, side * scale, side * scale, ui.colour("mark"), 1.5);
      context.setLineDash([]);
    }
  }

  function drawTower(fields, stack, levels) {
    const context = clear(tower);
    const last = fields.length - 1;
    const layer = levels.length - 1;
    const scale = (tower.place.columns - 2 * margin) / view.side;
    const middle = (level, i) => margin + (centreOf(fields[level], i) - view.low + 0.5) * scale;
    const height = rowHeight();
    const top = (level) => (last - level + 0.5) * height;
    const thick = clamp(0.5 * height, 4, 18);

    // the reads, or their outline where they are too many to draw
    context.strokeStyle = context.fillStyle = ui.colour("negative");
    const reads = levels.slice(1).reduce((sum, { mass }, m) => sum + mass.length * stack[m][0], 0);
    context.save();
    context.beginPath();
    context.rect(margin, 0, tower.place.columns - 2 * margin, tower.place.rows);
    context.clip();
    for (let level = layer; level > 0; level--) {
      const [{ first, mass }, below] = [levels[level], levels[level - 1]];
      const [k, s, p, d] = stack[level - 1];
      const [y, under] = [top(level) + thick / 2, top(level - 1) - thick / 2];
      context.beginPath();
      if (reads <= 300) {
        mass.forEach((probability, t) => {
          for (let a = 0; a < k && probability > 0; a++) {
            context.moveTo(middle(level, first + t), y);
            context.lineTo(middle(level - 1, (first + t) * s - p + d * a), under);
          }
        });
        context.globalAlpha = 0.6;
        context.lineWidth = 1;
        context.stroke();
      } else {
        const ends = (m, { first, mass }) => {
          const half = (fields[m].stride * scale) / 2;
          return [middle(m, first) - half, middle(m, first + mass.length - 1) + half];
        };
        const [[left, right], [from, to]] = [ends(level, levels[level]), ends(level - 1, below)];
        context.moveTo(left, y);
        for (const [x, height] of [[right, y], [to, under], [from, under]]) context.lineTo(x, height);
        context.globalAlpha = 0.15;
        context.fill();
      }
    }
    context.globalAlpha = context.lineWidth = 1;

    // the units as cells, as wide as they stand apart
    const shades = Array.from({ length: 33 }, (_, n) =>
      between([ui.colour("zero"), ui.colour("negative")], 0.3 + (0.7 * n) / 32),
    );
    fields.forEach((field, level) => {
      const width = field.stride * scale;
      const gap = width > 4 ? 1 : 0;
      const y = top(level) - thick / 2;
      const draw = (i, colour) => {
        context.fillStyle = colour;
        const box = [middle(level, i) - width / 2 + gap / 2, y, Math.max(width - gap, 0.5), thick];
        if (i >= 0 && i < field.units) return context.fillRect(...box);
        context.strokeStyle = colour; // a position in the padding, where no unit stands
        if (width > 3) context.strokeRect(box[0] + 0.5, box[1] + 0.5, box[2] - 1, box[3] - 1);
        else context.fillRect(box[0], y + thick / 2 - 1, box[2], 2);
      };
      const low = Math.max(0, Math.floor(unitsPast(field, view.low)));
      const high = Math.min(field.units - 1, Math.ceil(unitsPast(field, view.low + view.side)));
      if (gap) for (let i = low; i <= high; i++) draw(i, ui.colour("pad"));
      else {
        context.fillStyle = ui.colour("pad");
        context.fillRect(middle(level, low) - width / 2, y, (high - low + 1) * width, thick);
      }
      if (level > layer) return;
      const { first, mass } = levels[level];
      const most = Math.max(...mass);
      mass.forEach((probability, t) => {
        const part = ui.get("effective") ? probability / most : 1;
        if (probability > 0) draw(first + t, shades[Math.round(32 * part)]);
      });
      if (level === layer) {
        tower.frame(y, middle(level, first) - width / 2, thick, Math.max(width, 2), ui.colour("mark"), 2);
      }
    });
    context.restore();

    const write = (text, x, level, align) => {
      context.font = `${level === layer ? "bold " : ""}${clamp(height * 0.6, 8, 12)}px system-ui, sans-serif`;
      context.fillStyle = ui.colour(level === layer ? "ink" : "quiet");
      context.textAlign = align;
      context.textBaseline = "middle";
      context.fillText(text, x, top(level));
    };
    fields.forEach((_, level) => {
      write(level ? String(level) : "px", margin - 4, level, "right");
      if (level <= layer) write(String(count(levels[level].mass)), tower.place.columns - 4, level, "right");
    });
  }

  function writeTable(fields, stack, layer) {
    stack.forEach((row, index) => {
      const { element, select, results } = rows[index];
      select.setAttribute("aria-pressed", index + 1 === layer);
      element.classList.toggle("rf-seen", index < layer);
      filledIn(row, fields[index], fields[index + 1]).forEach(([, sum, result], column) => {
        results[column].replaceChildren(html("small", {}, `${sum} = `), html("b", {}, String(result)));
      });
    });
    if (layer === shownLayer) return;
    shownLayer = layer;
    const { offsetTop, offsetHeight } = rows[layer - 1].element; // scroll as little as shows the row
    const [low, high] = [offsetTop + offsetHeight - table.clientHeight, offsetTop - head.offsetHeight];
    table.scrollTop = clamp(table.scrollTop, low, high);
  }

  return () => {
    const { layers: stack, layer: wanted, place, effective } = ui.settings();
    checkLayers(stack, ranges);
    const fields = fieldsOf(stack);
    const layer = Math.min(wanted, stack.length);
    const field = fields[layer];
    view = viewOf(fields[stack.length]);

    const ends = [view.low, view.low + view.side - 1].map((pixel) => unitsPast(field, pixel));
    const range = [Math.max(0, Math.ceil(ends[0])), Math.min(field.units - 1, Math.floor(ends[1]))];
    const unit = place.map((pixel) => clamp(Math.round(unitsPast(field, pixel)), ...range));
    const levels = pathsFrom(stack, layer, unit[1]);
    const { mass } = levels[0];
    const axes = unit.map((i) => ({ first: i * field.stride - field.padding, mass }));
    const intervals = axes.map(({ first }) => [first, first + field.size - 1]);
    const side = sideHolding(mass);
    const trim = Math.floor(mass.length / 4);
    const middle = shareWithin(mass, trim);
    const formulas = filledIn(stack[layer - 1], fields[layer - 1], field);

    drawPicture(axes, side);
    drawTower(fields, stack, levels);
    writeTable(fields, stack, layer);
    const square = (n) => `${whole(n)} × ${whole(n)}`;
    const percent = (part) => `${number(100 * part, part < 0.1 ? 1 : 0)} %`;
    picturePane.note.textContent = view.side < SIDE ? `${view.side} of ${SIDE} pixels` : `${SIDE} pixels`;
    const seen = count(mass);
    const holes = field.size ** 2 - seen ** 2;
    const [down, across] = intervals.map(([first, last]) => `${number(first)} to ${number(last)}`);
    sees.replaceChildren(
      `Unit (${unit.join(", ")}) of layer ${layer} sees `, html("b", {}, `${square(field.size)} pixels`),
      `, rows ${down}, columns ${across}`,
      ...(seen < field.size ? [", and ", html("b", {}, `misses ${whole(holes)}`), " of these."] : ["."]),
    );
    const most =
      side < field.size
        ? `end in the dashed ${square(side)}, ${percent((side / field.size) ** 2)} of the area`
        : "need the whole field";
    share.textContent = effective
      ? `95 % of all paths ${most}; ${percent(middle)} end in the middle half.`
      : "Tick “effective field” to see where in the field most paths end.";
    formula.replaceChildren(
      ...formulas.map(([name, sum, result]) =>
        html("span", {}, `${name} = ${sum} = `, html("b", {}, String(result))),
      ),
    );
    return {
      fields, layer, field, unit, range, intervals, levels, side, middle, view,
      photo: photo.naturalWidth > 0, // it is decoded in the background
      formulas: formulas.map((parts) => parts.join(" = ")),
    };
  };
});
