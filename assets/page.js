// What a page needs beside its text: a way into what is wider than the screen, larger figures, and
// light paper.

const boxes = document.querySelectorAll(
  ".bd-article :is(pre, div.math, mjx-container[display], .cell_output, .pst-scrollable-table-container)",
);

// A formula further down may be the first to need one of the fonts of mathematics (110 KB in all).
// Fetched now, it moves no line when it shows.
for (const font of document.fonts) {
  if (font.family.includes("MJX")) font.load();
}

// Sections get their height when they come near the screen (course.css). Until the reader moves,
// what the address names stays in view meanwhile.
const named = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));
const held = new ResizeObserver(() => named()?.scrollIntoView());
const hold = () => held.observe(document.body);
for (const move of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  window.addEventListener(move, () => held.disconnect(), { passive: true });
}
window.addEventListener("hashchange", hold);
hold();

/** Mark boxes that scroll sideways: reachable by keyboard, faded where more follows. */
function markScrolling(marked) {
  const measured = marked.map((box) => ({
    box,
    hidden: getComputedStyle(box).overflowX === "visible" ? 0 : box.scrollWidth - box.clientWidth,
    left: box.scrollLeft,
  }));
  for (const { box, hidden, left } of measured) {
    box.classList.toggle("scrolls", hidden > 1);
    box.classList.toggle("scrolled-to-end", left >= hidden - 1);
    if (hidden > 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

/** A figure that is drawn smaller than it is opens at its own size: tap, Enter, Escape. */
function enlarge(image) {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  const copy = image.cloneNode();
  for (const own of ["width", "height", "style", "loading"]) copy.removeAttribute(own);
  const close = document.createElement("button");
  close.textContent = "Close";
  close.onclick = () => dialog.close();
  dialog.append(close, copy);
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}

function makeEnlargeable(image) {
  const button = document.createElement("button");
  button.className = "enlarge";
  button.type = "button";
  button.title = "Enlarge the figure";
  button.onclick = () => enlarge(image);
  image.replaceWith(button);
  button.append(image);
}

document.querySelectorAll(".bd-article :is(figure, .cell_output) img").forEach(makeEnlargeable);
// A box has no size until its section is near the screen (course.css): the observer waits for that.
const resized = new ResizeObserver((entries) => markScrolling(entries.map(({ target }) => target)));
for (const box of boxes) {
  box.addEventListener("scroll", () => markScrolling([box]), { passive: true });
  resized.observe(box);
}

let theme, folded;
window.addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  folded = document.querySelectorAll("details.answer:not([open])");
  for (const answer of folded) answer.open = true;
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
  for (const answer of folded) answer.open = false;
});
