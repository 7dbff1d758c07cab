// What a page needs beside its text: a way into what is wider than the screen, larger figures, and
// light paper.

const boxes = document.querySelectorAll(
  ".bd-article :is(pre, div.math, mjx-container[display], .cell_output, .pst-scrollable-table-container)",
);

/** Mark a box that scrolls sideways: reachable by keyboard, faded where more follows. */
function markScrolling(box) {
  const hidden = box.scrollWidth - box.clientWidth;
  const scrolls = hidden > 1 && getComputedStyle(box).overflowX !== "visible";
  box.classList.toggle("scrolls", scrolls);
  box.classList.toggle("scrolled-to-end", box.scrollLeft >= hidden - 1);
  if (scrolls) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

/** A figure that is drawn smaller than it is opens at its own size: tap, Enter, Escape. */
function enlarge(image) {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  const copy = image.cloneNode();
  for (const size of ["width", "height", "style"]) copy.removeAttribute(size);
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
for (const box of boxes) box.addEventListener("scroll", () => markScrolling(box), { passive: true });
new ResizeObserver(() => boxes.forEach(markScrolling)).observe(
  document.querySelector(".bd-article") ?? document.body,
);

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
