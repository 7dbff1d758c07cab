// What the explorers share: controls bound to traits, a keyboard grid, colours, numbers, theme.
//
// Python joins this file and the explorer's own into one ES module, so the names below are simply
// there and only the explorer exports. An explorer in ten lines (its class has the traits `n`, a
// Whole, and `flip`, a Bool):
//
//   export default explorer("Powers of two", (ui) => {
//     const answer = html("p");
//     ui.root.append(bar(ui.number("n", "Exponent"), ui.checkbox("flip", "One over it")));
//     ui.root.append(ui.stage(answer));
//     return () => {                              // draws; runs after every change
//       const { n, flip } = ui.settings();
//       if (n > 30) throw new Problem(`2 to the ${n} does not fit the page.`);
//       answer.textContent = number(2 ** (flip ? -n : n));
//       return { power: 2 ** (flip ? -n : n) };   // what tests read: root.explorer.numbers()
//     };
//   });
//
// A `Problem` is shown as one sentence on the stage, whose last good picture stays, dimmed. So is
// a setting outside the limits that its trait has in Python; that one never reaches the kernel.
// Tests drive `root.explorer`: `set({n: 3})` (at once, no frame awaited), `numbers()`,
// `settings()` and `refused()`.

class Problem extends Error {}

/** An element: html("p", {class: "note", onclick: f, "aria-label": "x"}, "text", child). */
function html(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A row of controls, which wraps on a phone. */
const bar = (...controls) => html("div", { class: "explorer-bar" }, ...controls);

/** An input under its label. */
const field = (label, input) => html("label", { class: "explorer-field" }, html("span", {}, label), input);

/** Buttons that belong together: one choice among several. */
const choice = (label, ...buttons) =>
  html("span", { class: "explorer-choice", role: "group", "aria-label": label }, ...buttons);

/** Panes side by side, two to a row. */
const panes = (...all) => html("div", { class: "explorer-panes" }, ...all.map((one) => one.element));

/** A titled pane; write beside the title with `note.textContent`. */
function pane(title, body) {
  const note = html("span");
  return { note, element: html("div", {}, html("p", { class: "explorer-title" }, title, note), body) };
}

// ---------------------------------------------------------------- numbers

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** At most `digits` decimals, no trailing zeros, a true minus: -0.50 becomes "−0.5". */
function number(value, digits = 2) {
  const text = String(Number(value.toFixed(digits)) || 0); // the 0 takes the sign off -0
  return text.replace("-", "−");
}

/** 25557032 becomes "25,557,032". */
const whole = (value) => value.toLocaleString("en-US").replace("-", "−");

/** Bytes as Python wrote them: base64 to Uint8Array. */
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// ---------------------------------------------------------------- colours

const channels = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
const rgb = (parts) => `rgb(${parts.map(Math.round).join(",")})`;

/** The colour a part t in [0, 1] of the way through a list of "#rrggbb". */
function between(colours, t) {
  const place = clamp(t, 0, 1) * (colours.length - 1);
  const low = Math.min(Math.floor(place), colours.length - 2);
  const [a, b] = [channels(colours[low]), channels(colours[low + 1])];
  return rgb(a.map((part, i) => part + (b[i] - part) * (place - low)));
}

const VIRIDIS = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"];
const grey = (t) => rgb(Array(3).fill(255 * clamp(t, 0, 1)));
const sequential = (t) => between(VIRIDIS, t);

/** Black or white, whichever has more contrast (WCAG 2) on an "rgb(r,g,b)". */
function inkOn(colour) {
  const linear = (part) => (part <= 10 ? part / 3294 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = colour.match(/\d+/g).map(Number).map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

// ---------------------------------------------------------------- the explorer

let explorers = 0; // for ids: several may stand on one page

/** The module's default export; `build(ui)` makes the elements and returns the drawing function. */
function explorer(label, build) {
  return {
    render({ model, el }) {
      const ui = new Interface(model, label);
      el.append(ui.root);
      ui.draw = build(ui);
      const stops = [ui.followModel(), ui.followTheme(), ui.followPage()];
      ui.redraw();
      return () => stops.forEach((stop) => stop());
    },
  };
}

class Interface {
  constructor(model, label) {
    this.model = model;
    this.id = `explorer-${++explorers}`;
    this.root = html("div", { class: "explorer", role: "group", "aria-label": label });
    this.status = html("p", { class: "explorer-status", role: "status" });
    this.live = html("p", { class: "explorer-live", "aria-live": "polite" });
    this.root.append(this.live);
    this.controls = []; // [name, function that shows the trait's value]
    this.problems = new Map(); // name -> the sentence about a refused value
    this.last = {};
    this.colours = {}; // of the theme, read once a redraw
    this.root.explorer = {
      set: (settings) => {
        for (const [name, value] of Object.entries(settings)) this.set(name, value);
        this.redraw();
      },
      settings: () => this.settings(),
      numbers: () => this.last,
      refused: () => [...this.problems.values()],
    };
  }

  // ---- settings

  get(name) {
    return this.model.get(name);
  }

  settings() {
    const names = [...Object.keys(this.get("limits")), ...this.get("names")];
    return Object.fromEntries(names.map((name) => [name, this.get(name)]));
  }

  /** Change a trait here and in the kernel, or keep the sentence that says why not. */
  set(name, value) {
    const [low, high] = this.get("limits")[name] ?? [];
    if (low !== undefined && !(Number.isInteger(value) && value >= low && value <= high)) {
      const got = value === null || Number.isNaN(value) ? "nothing" : value;
      this.refuse(name, `${name} must be an integer from ${low} to ${high}, got ${got}.`);
      return;
    }
    this.problems.delete(name);
    if (JSON.stringify(this.get(name)) !== JSON.stringify(value)) {
      this.model.set(name, value);
      this.model.save_changes();
    }
    this.later();
  }

  /** Keep a value from the trait and say why; the control keeps what was typed. */
  refuse(name, sentence) {
    this.problems.set(name, sentence);
    this.later();
  }

  followModel() {
    const changed = Object.keys(this.settings()).map((name) => {
      const listener = () => {
        this.problems.delete(name);
        this.later();
      };
      this.model.on(`change:${name}`, listener);
      return () => this.model.off(`change:${name}`, listener);
    });
    return () => changed.forEach((stop) => stop());
  }

  // ---- drawing

  /** Redraw once before the next frame, however many settings change until then. */
  later() {
    this.frame ??= requestAnimationFrame(() => this.redraw());
  }

  redraw() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    if (!this.root.isConnected) return; // no size and no colours: followPage draws it once it has
    this.colours = {};
    for (const [name, show] of this.controls) if (!this.problems.has(name)) show(this.get(name));
    let sentence = [...this.problems.values()][0] ?? "";
    try {
      if (!sentence) this.last = this.draw();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      sentence = error.message;
    }
    if (sentence) this.last = { problem: sentence };
    this.root.classList.toggle("explorer-stale", Boolean(sentence));
    if (this.status.textContent !== sentence) this.status.textContent = sentence;
  }

  /** Tell a screen reader where the keyboard has arrived; only the last of a quick series. */
  say(sentence) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (this.live.textContent = sentence), 300);
  }

  // ---- layout

  /** What is drawn; over it stands the sentence about a bad setting, when there is one. */
  stage(...children) {
    const picture = html("div", { class: "explorer-picture" }, ...children);
    return html("div", { class: "explorer-stage" }, picture, this.status);
  }

  // ---- theme

  /** A colour of shared.css, "#rrggbb", as the page's theme has it now: colour("zero"). */
  colour(name) {
    const read = () => getComputedStyle(this.root).getPropertyValue(`--explorer-${name}`).trim();
    return (this.colours[name] ??= read());
  }

  /** Blue below zero, the paper at zero, vermillion above; t in [-1, 1]. */
  diverging(t) {
    return between([this.colour("negative"), this.colour("zero"), this.colour("positive")], (t + 1) / 2);
  }

  followTheme() {
    const observer = new MutationObserver(() => this.later());
    const watched = ["class", "data-theme", "theme", "data-jp-theme-light"];
    for (const element of [document.documentElement, document.body]) {
      observer.observe(element, { attributes: true, attributeFilter: watched });
    }
    return () => observer.disconnect();
  }

  /** JupyterLab may put the element into its page after it was rendered, and take it out again. */
  followPage() {
    const observer = new ResizeObserver(() => this.later());
    observer.observe(this.root);
    return () => observer.disconnect();
  }

  // ---- controls: each returns a labelled element whose input follows the trait

  /** Call show(value) before every drawing, unless the trait's newest value was refused. */
  follow(name, show) {
    this.controls.push([name, show]);
  }

  bound(name, label, input, show) {
    this.follow(name, show);
    return field(label, input);
  }

  /** A number input for a Whole trait. */
  number(name, label) {
    const [min, max] = this.get("limits")[name];
    const read = () => this.set(name, input.valueAsNumber);
    const input = html("input", { type: "number", min, max, step: 1, oninput: read });
    return this.bound(name, label, input, (value) => {
      if (input.valueAsNumber !== value) input.value = value;
    });
  }

  /** A slider for a Whole trait, its value beside it. */
  range(name, label) {
    const [min, max] = this.get("limits")[name];
    const read = () => this.set(name, input.valueAsNumber);
    const input = html("input", { type: "range", min, max, step: 1, oninput: read });
    const shown = html("output", {});
    const labelled = this.bound(name, label, input, (value) => {
      input.value = value;
      shown.textContent = value;
    });
    labelled.append(shown);
    return labelled;
  }

  checkbox(name, label) {
    const input = html("input", { type: "checkbox", onchange: () => this.set(name, input.checked) });
    const labelled = this.bound(name, label, input, (value) => (input.checked = value));
    labelled.classList.add("explorer-check");
    return labelled;
  }

  /** A choice; `options` maps values (strings) to what the reader sees. */
  select(name, label, options) {
    const choices = Object.entries(options).map(([value, text]) => html("option", { value }, text));
    const input = html("select", { onchange: () => this.set(name, input.value) }, ...choices);
    return this.bound(name, label, input, (value) => (input.value = value));
  }

  button(label, onclick) {
    return html("button", { type: "button", onclick }, label);
  }

  grid(label, handlers) {
    return new Grid(this, label, handlers);
  }
}

// ---------------------------------------------------------------- the grid

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * A square canvas of cells, for mouse, touch and keyboard. The element is `grid.element`.
 * handlers: `point(row, column)` under the pointer, `press(row, column, first)` while it is held
 * down, `step(rows, columns)` for an arrow key, `key(event)` for any other; all are optional.
 */
class Grid {
  constructor(ui, label, { point, press, step, key }) {
    this.ui = ui;
    this.element = html("canvas", {
      class: "explorer-grid", tabindex: 0, role: "application", "aria-label": label,
    });
    const at = (event, use, ...rest) => {
      const cell = this.cellAt(event);
      if (cell && use) use(...cell, ...rest);
    };
    const on = (type, listener) => this.element.addEventListener(type, listener);
    on("pointermove", (event) => {
      at(event, point);
      if (event.buttons) at(event, press, false);
    });
    on("pointerdown", (event) => {
      if (event.pointerType !== "touch") this.element.setPointerCapture(event.pointerId);
      at(event, point);
      at(event, press, true);
    });
    on("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (ARROWS[event.key] && step) {
        step(...ARROWS[event.key]);
        event.preventDefault();
      } else key?.(event);
    });
    on("focus", () => ui.later());
    on("blur", () => ui.later());
    new ResizeObserver(() => ui.later()).observe(this.element);
  }

  cellAt(event) {
    if (!this.place) return null;
    const { left, top, cell, rows, columns } = this.place;
    const row = Math.floor((event.offsetY - top) / cell);
    const column = Math.floor((event.offsetX - left) / cell);
    return row >= 0 && row < rows && column >= 0 && column < columns ? [row, column] : null;
  }

  get focused() {
    return this.element.matches(":focus-visible");
  }

  /** Fit rows × columns square cells into the canvas and fill each with fill(row, column). */
  draw(rows, columns, fill, { lines = false } = {}) {
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [this.element.clientWidth, this.element.clientHeight];
    for (const [side, length] of [["width", width], ["height", height]]) {
      const dots = Math.round(length * scale);
      if (this.element[side] !== dots) this.element[side] = dots; // setting it clears the canvas
    }
    const edge = 2; // room for the frame of an outermost cell
    const cell = Math.min((width - 2 * edge) / columns, (height - 2 * edge) / rows);
    const left = (width - cell * columns) / 2;
    const top = (height - cell * rows) / 2;
    this.place = { rows, columns, cell, left, top };
    this.context = this.element.getContext("2d");
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, width, height);
    const snap = (value) => Math.round(value * scale) / scale; // no seams between cells
    for (let row = 0; row < rows; row++) {
      const [y, below] = [snap(top + row * cell), snap(top + (row + 1) * cell)];
      for (let column = 0; column < columns; column++) {
        const [x, right] = [snap(left + column * cell), snap(left + (column + 1) * cell)];
        const colour = fill(row, column);
        if (!colour) continue;
        this.context.fillStyle = colour;
        this.context.fillRect(x, y, right - x, below - y);
      }
    }
    if (lines) this.lines();
  }

  lines() {
    const { rows, columns, cell, left, top } = this.place;
    this.context.strokeStyle = this.ui.colour("line");
    this.context.lineWidth = 1;
    this.context.beginPath();
    for (let row = 0; row <= rows; row++) {
      this.context.moveTo(left, top + row * cell);
      this.context.lineTo(left + columns * cell, top + row * cell);
    }
    for (let column = 0; column <= columns; column++) {
      this.context.moveTo(left + column * cell, top);
      this.context.lineTo(left + column * cell, top + rows * cell);
    }
    this.context.stroke();
  }

  /** Frame a block of cells, with a paler edge around the colour so that it shows on any picture. */
  frame(row, column, rows, columns, colour, width = 2.5) {
    const { cell, left, top } = this.place;
    const box = [left + column * cell, top + row * cell, columns * cell, rows * cell];
    for (const [style, extra] of [[this.ui.colour("halo"), 2], [colour, 0]]) {
      this.context.strokeStyle = style;
      this.context.lineWidth = width + extra;
      this.context.strokeRect(...box);
    }
  }

  /** Write into the middle of a cell. */
  write(row, column, text, colour) {
    const { cell, left, top } = this.place;
    this.context.fillStyle = colour;
    this.context.font = `${clamp(cell * 0.45, 7, 15)}px system-ui, sans-serif`;
    this.context.textAlign = "center";
    this.context.textBaseline = "middle";
    this.context.fillText(text, left + (column + 0.5) * cell, top + (row + 0.55) * cell);
  }
}
