// The explorer of chapter 4: a digit moves; the feature map and the network's answer may follow.
//
// A map is a Float64Array of n·n values, row by row; a stack of maps is an array of them.

// ---------------------------------------------------------------- the layers

/** A map with a frame of one pixel: its other side on the circle, or zeros. */
function padded(map, n, circular) {
  const side = n + 2;
  const framed = new Float64Array(side * side);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) framed[(i + 1) * side + j + 1] = map[i * n + j];
  }
  if (!circular) return framed;
  for (let at = side; at < (n + 1) * side; at += side) {
    framed[at] = framed[at + n];
    framed[at + n + 1] = framed[at + 1];
  }
  framed.copyWithin(0, n * side, (n + 1) * side);
  framed.copyWithin((n + 1) * side, side, 2 * side);
  return framed;
}

/** Add a 3×3 convolution of one framed map of side `side` to `output`, m·m. */
function accumulate(output, m, framed, side, kernel, stride) {
  const [a, b, c, d, e, f, g, h, k] = kernel; // written out: nearly all of the time goes in here
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      const top = i * stride * side + j * stride;
      const middle = top + side;
      const bottom = middle + side;
      output[i * m + j] +=
        a * framed[top] + b * framed[top + 1] + c * framed[top + 2] +
        d * framed[middle] + e * framed[middle + 1] + f * framed[middle + 2] +
        g * framed[bottom] + h * framed[bottom + 1] + k * framed[bottom + 2];
    }
  }
}

/** A 3×3 convolution with padding 1, then ReLU; `weights` are [output][input][9 taps]. */
function convolution(maps, n, { weights, bias = [], stride = 1, circular }) {
  const framed = maps.map((map) => padded(map, n, circular));
  const m = Math.floor((n - 1) / stride) + 1;
  return weights.map((kernels, d) => {
    const output = new Float64Array(m * m).fill(bias[d] ?? 0);
    kernels.forEach((kernel, c) => accumulate(output, m, framed[c], n + 2, kernel, stride));
    for (let i = 0; i < output.length; i++) if (output[i] < 0) output[i] = 0;
    return output;
  });
}

/** Two by two values of a map become one: `join(a, b, c, d)` of the window at (step·i, step·j). */
function windows(map, side, m, step, join) {
  const output = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      const at = step * (i * side + j);
      output[i * m + j] = join(map[at], map[at + 1], map[at + side], map[at + side + 1]);
    }
  }
  return output;
}

const BLUR = [1, 2, 1, 2, 4, 2, 1, 2, 1].map((tap) => tap / 16);
const largest = (a, b, c, d) => Math.max(Math.max(a, b), Math.max(c, d));
const mean = (a, b, c, d) => (a + b + c + d) / 4;

function pool(map, n, pooling, circular) {
  if (pooling === "none") return map;
  if (pooling === "max") return windows(map, n, n / 2, 2, largest);
  if (pooling === "average") return windows(map, n, n / 2, 2, mean);
  const wide = padded(map, n, circular).subarray(n + 3); // so that [0] is the map's first pixel
  const dense = windows(wide, n + 2, n, 1, largest);
  const output = new Float64Array((n / 2) ** 2);
  accumulate(output, n / 2, padded(dense, n, circular), n + 2, BLUR, 2);
  return output;
}

// Where the strokes have their left, top, right and bottom edges.
const SOBEL = [-1, 0, 1, -2, 0, 2, -1, 0, 1].map((tap) => tap / 4);
const turned = SOBEL.map((_, i) => SOBEL[3 * (i % 3) + Math.floor(i / 3)]);
const EDGES = { left: SOBEL, top: turned, right: SOBEL.map((tap) => -tap), bottom: turned.map((tap) => -tap) };

/** The feature maps of some edges: Sobel filters, ReLU, pooling. */
function edgeMaps(picture, n, edges, { padding, stride, pooling }) {
  const circular = padding === "circular";
  const weights = edges.map((edge) => [EDGES[edge]]);
  return convolution([picture], n, { weights, stride, circular }).map((map) =>
    pool(map, Math.floor((n - 1) / stride) + 1, pooling, circular),
  );
}

// ---------------------------------------------------------------- the network

/** The stored bytes as weights: whole numbers times a power of two. */
function unpack({ weights, exponents }) {
  const whole = new Int8Array(bytes(weights).buffer);
  let used = 0;
  const [first, second, bias, dense, last] = [24 * 9, 48 * 9, 8, 80, 10].map((count, i) => {
    const part = Array.from(whole.subarray(used, used + count), (value) => value * 2 ** exponents[i]);
    used += count;
    return part;
  });
  const rows = (flat, length) =>
    Array.from({ length: flat.length / length }, (_, i) => flat.slice(i * length, (i + 1) * length));
  return { first: rows(rows(first, 9), 4), second: rows(rows(second, 9), 6), bias, dense: rows(dense, 8), last };
}

/** The ten probabilities of a picture. */
function classify(picture, n, net, settings) {
  const circular = settings.padding === "circular";
  const edges = edgeMaps(picture, n, Object.keys(EDGES), settings);
  const m = Math.sqrt(edges[0].length);
  const middle = convolution(edges, m, { weights: net.first, circular });
  const answers = convolution(middle, m, { weights: net.second, bias: net.bias, circular });
  const features = answers.map((map) => Math.max(...map));
  const scores = net.dense.map((row, d) => row.reduce((sum, w, c) => sum + w * features[c], net.last[d]));
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
}

// ---------------------------------------------------------------- the error

/** The map moved on the circle, by less than its side n. */
function translate(map, n, [down, right]) {
  const moved = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const from = ((i - down + n) % n) * n;
    for (let j = 0; j < n; j++) moved[i * n + j] = map[from + ((j - right + n) % n)];
  }
  return moved;
}

/** Every pixel of an m·m map repeated, so that it covers n·n pixels. */
function enlarge(map, m, n) {
  const large = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) large[i * n + j] = map[Math.floor((i * m) / n) * m + Math.floor((j * m) / n)];
  }
  return large;
}

function norm(map) {
  let sum = 0;
  for (const value of map) sum += value * value;
  return Math.sqrt(sum);
}

/**
 * f(T x) − T′ f(x) on the n·n pixels of the input, as `equivariance_map` compares them: `answer` is
 * f(T x), m·m, of which each pixel counts for a block; `still` is f(x), enlarged already.
 */
function difference(answer, still, n, [down, right]) {
  const m = Math.sqrt(answer.length);
  const s = n / m;
  const gap = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const from = ((i - down + n) % n) * n;
    const row = Math.floor(i / s) * m;
    for (let j = 0; j < n; j++) {
      gap[i * n + j] = answer[row + Math.floor(j / s)] - still[from + ((j - right + n) % n)];
    }
  }
  return gap;
}

/** The relative error for every shift 0 ≤ v < n; on the circle it repeats with the total stride. */
function errorMap(picture, n, settings) {
  const feature = (shift) => edgeMaps(translate(picture, n, shift), n, [settings.edge], settings)[0];
  const answer = feature([0, 0]);
  const m = Math.sqrt(answer.length);
  const still = enlarge(answer, m, n);
  const scale = norm(still);
  const period = settings.padding === "circular" ? n / m : n;
  const one = [...Array(period).keys()].map((down) =>
    [...Array(period).keys()].map((right) =>
      norm(difference(feature([down, right]), still, n, [down, right])) / scale,
    ),
  );
  const all = [...Array(n).keys()];
  return all.map((down) => all.map((right) => one[down % period][right % period]));
}

// ---------------------------------------------------------------- the page

export default explorer("Equivariance playground", (ui) => {
  const [n, size] = [24, 12]; // pixels of the canvas and of the digit
  const corner = (n - size) / 2;
  const levels = bytes(ui.get("_digits"));
  const networks = ui.get("_networks");
  const BRIGHT = 1.4; // about √2, the error of two unrelated maps: brightest from here on

  function pictureOf(digit) {
    const map = new Float64Array(n * n);
    levels.slice(digit * size * size, (digit + 1) * size * size).forEach((level, i) => {
      map[(corner + Math.floor(i / size)) * n + corner + (i % size)] = level / 255;
    });
    return map;
  }

  /** What does not change while the digit moves, kept until another setting changes. */
  let kept = { name: null };
  function unmoved(settings) {
    const { digit, padding, stride, pooling, edge } = settings;
    const name = JSON.stringify([digit, padding, stride, pooling, edge]);
    if (kept.name !== name) {
      const picture = pictureOf(digit);
      const entry = networks[`stride ${stride}, ${pooling}`];
      const net = unpack(entry);
      kept = {
        name, picture, net,
        accuracy: entry.accuracy[padding],
        feature: edgeMaps(picture, n, [edge], settings)[0],
        errors: errorMap(picture, n, settings),
        centre: classify(picture, n, net, settings),
      };
    }
    return kept;
  }

  // ---- moving the digit

  const wrapped = (shift) => ((((shift + n / 2) % n) + n) % n) - n / 2;
  const signed = (value, one, other) => `${Math.abs(value)} ${value < 0 ? other : one}`;
  const place = ({ down, right }) => `${signed(down, "down", "up")}, ${signed(right, "right", "left")}`;

  function moveTo(down, right) {
    ui.set("down", wrapped(down));
    ui.set("right", wrapped(right));
  }

  const keyboard = {
    step(rows, columns) {
      moveTo(ui.get("down") + rows, ui.get("right") + columns);
      ui.redraw();
      if (ui.last.problem) return;
      const { error, reads, probabilities } = ui.last;
      ui.say(`${place(ui.settings())}. Error ${number(error)}. Reads ${reads}, ${percent(probabilities[reads])}`);
    },
    key(event) {
      if (event.key !== "Home") return;
      event.preventDefault();
      moveTo(0, 0);
    },
  };

  let grip = [0, 0]; // from the shift to the cell that the pointer holds
  const picture = ui.grid("Picture. Drag the digit or move it with the arrow keys; Home centres it", {
    ...keyboard,
    press(row, column, first) {
      if (first) grip = [row - ui.get("down"), column - ui.get("right")];
      moveTo(row - grip[0], column - grip[1]);
    },
  });
  picture.element.classList.add("equi-picture");
  const feature = ui.grid("Feature map. Arrow keys move the digit", keyboard);
  const gap = ui.grid("Difference to the moved map. Arrow keys move the digit", keyboard);
  const errors = ui.grid("Error for every place of the digit. Arrow keys move the digit", {
    ...keyboard,
    press: (row, column) => moveTo(row - n / 2, column - n / 2),
  });

  // ---- the bars

  const percent = (share) => `${Math.round(100 * share)} %`;
  const bars = [...Array(10).keys()].map((digit) =>
    html("div", {}, html("small"), html("i"), html("b"), html("span", {}, digit)),
  );
  const chart = html("div", { class: "equi-bars", role: "img" }, ...bars);

  function drawBars(probabilities, centre, digit) {
    bars.forEach((bar, d) => {
      const [text, column, mark, name] = bar.children;
      text.textContent = probabilities[d] >= 0.005 ? Math.round(100 * probabilities[d]) : "";
      text.style.bottom = column.style.height = `calc(${probabilities[d]} * var(--equi-height))`;
      mark.hidden = centre[d] < 0.005;
      mark.style.bottom = `calc(${centre[d]} * var(--equi-height))`;
      column.className = d === digit ? "right" : "";
      name.className = d === digit ? "right" : "";
    });
    const likely = [...probabilities.keys()].filter((d) => probabilities[d] >= 0.005);
    const told = likely.map((d) => `${d} ${percent(probabilities[d])}`).join(", ");
    chart.setAttribute("aria-label", `Probabilities of the moved ${digit}: ${told}`);
  }

  // ---- the layout

  const verdict = html("b");
  const inputPane = pane("Picture Tx", picture.element);
  const featurePane = pane("Map f(Tx)", feature.element);
  const gapPane = pane("f(Tx) − T′f(x)", gap.element);
  const errorPane = pane("Error map", errors.element);
  const barPane = pane(verdict, chart);
  barPane.note.textContent = "in %; line: in the centre";
  errorPane.note.append("0 ", html("i", { class: "equi-scale" }), ` ${BRIGHT}+`);
  const all = panes(inputPane, featurePane, gapPane, errorPane, barPane);
  all.classList.add("equi-panes");
  const text = html("p", { class: "equi-text" });
  ui.root.append(
    bar(
      ui.number("digit", "digit"),
      ui.select("padding", "padding", { circular: "circular", zeros: "zeros" }),
      ui.number("stride", "stride"),
      ui.select("pooling", "pooling", { none: "none", max: "max", average: "average", blur: "max, then blur" }),
      ui.select("edge", "edges", { left: "left", top: "top", right: "right", bottom: "bottom" }),
      ui.number("down", "down"),
      ui.number("right", "right"),
      ui.button("centre", () => moveTo(0, 0)),
    ),
    html("p", { class: "equi-hint" },
      "Drag the digit, or use the arrow keys. Try a pixel further down; then the same with blur."),
    ui.stage(all, text),
  );

  // ---- drawing

  function explain({ padding, stride, pooling, down, right }, error, total) {
    const factors = pooling === "none" ? "" : ` = ${stride} · 2`;
    const multiple = down % total === 0 && right % total === 0;
    const lead = `Total stride S = ${total}${factors}. `;
    if (!multiple) return `${lead}This shift is no multiple of S: the map cannot move along.`;
    if (error < 1e-9) return `${lead}This shift is a multiple of S: the map moves along exactly.`;
    return `${lead}A multiple of S, but the digit meets the zeros at the rim.`;
  }

  return () => {
    const settings = ui.settings();
    const { digit, edge, down, right } = settings;
    const shift = [down, right];
    const still = unmoved(settings);
    const moved = translate(still.picture, n, shift);
    const [answer] = edgeMaps(moved, n, [edge], settings);
    const m = Math.sqrt(answer.length);
    const gaps = difference(answer, enlarge(still.feature, m, n), n, shift);
    const error = still.errors[(down + n) % n][(right + n) % n];
    const probabilities = classify(moved, n, still.net, settings);
    const [reads, before] = [probabilities, still.centre].map((all) => all.indexOf(Math.max(...all)));

    const peak = Math.max(...still.feature);
    const outline = (grid, scale) => {
      const around = [-n, 0, n]; // a part of the digit may have gone around
      for (const y of around) {
        for (const x of around) {
          const [top, left] = [(corner + down + y) / scale, (corner + right + x) / scale];
          grid.frame(top, left, size / scale, size / scale, ui.colour("mark"), 1.5);
        }
      }
    };
    picture.draw(n, n, (i, j) => grey(moved[i * n + j]));
    outline(picture, 1);
    feature.draw(m, m, (i, j) => sequential(answer[i * m + j] / peak));
    outline(feature, n / m);
    gap.draw(n, n, (i, j) => ui.diverging(gaps[i * n + j] / peak));
    const centred = (index) => (index + n / 2) % n; // the digit's place on the canvas, not 0 to n − 1
    errors.draw(n, n, (i, j) => sequential(still.errors[centred(i)][centred(j)] / BRIGHT));
    errors.frame(n / 2 + down, n / 2 + right, 1, 1, ui.colour("mark"));
    drawBars(probabilities, still.centre, digit);

    inputPane.note.textContent = `${down < 0 ? "↑" : "↓"} ${Math.abs(down)}  ${right < 0 ? "←" : "→"} ${Math.abs(right)}`;
    featurePane.note.textContent = `${m} × ${m}`;
    gapPane.note.textContent = `error ${number(error)}`;
    verdict.textContent = `Reads ${reads}` + (reads === before ? "" : `, in the centre ${before}`);
    const { centre, worst } = still.accuracy;
    text.replaceChildren(
      html("span", {}, "Error ‖f(Tx) − T′f(x)‖ / ‖f(x)‖ = ", html("b", {}, number(error, 3)), ". "),
      html("span", {}, explain(settings, error, n / m)),
      html("span", {}, `This network reads ${centre} % of 450 test digits in the centre, where it was trained, `,
        `and ${worst} % at the worst shift below S.`),
    );
    const square = (map, side) => Array.from({ length: side }, (_, i) => [...map.slice(i * side, (i + 1) * side)]);
    return {
      total: n / m, error, reads, probabilities, centre: still.centre, errors: still.errors,
      feature: square(answer, m), difference: square(gaps, n),
    };
  };
});
