// Brings the explorers of a page to life from the state that the notebook stores.
//
// Jupyter's widget manager does this for every kind of widget and weighs 0.9 MB; an explorer needs
// only its own module, its style sheet and a model to read and write.

class Model {
  constructor(state) {
    this.state = state;
    this.listeners = {};
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
    for (const listener of this.listeners[`change:${name}`] ?? []) listener();
  }

  save_changes() {} // no kernel listens

  on(event, listener) {
    this.listeners[event] = [...(this.listeners[event] ?? []), listener];
  }

  off(event, listener) {
    this.listeners[event] = (this.listeners[event] ?? []).filter((one) => one !== listener);
  }
}

async function startExplorers() {
  const parts = (kind) => [
    ...document.querySelectorAll(`script[type="application/vnd.jupyter.widget-${kind}+json"]`),
  ];
  const states = Object.assign({}, ...parts("state").map((part) => JSON.parse(part.text).state));
  for (const view of parts("view")) {
    const { state } = states[JSON.parse(view.text).model_id];
    const style = document.createElement("style");
    style.textContent = state._css;
    const place = document.createElement("div");
    view.after(style, place);
    const address = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
    const { default: widget } = await import(address);
    URL.revokeObjectURL(address);
    widget.render({ model: new Model(state), el: place });
  }
}

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", startExplorers);
} else {
  startExplorers();
}
