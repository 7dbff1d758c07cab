/* The ledger of claims: choose a chapter and a verdict, and the others step aside.
 *
 * Without scripts the page shows all of them, and the form is not there.
 */
"use strict";
(() => {
  const ALL = "all";
  const verdicts = [
    ["claim-holds", "holds"],
    ["claim-holds-if", "holds if …"],
    ["claim-fails", "does not hold"],
    ["claim-open", "open here"],
  ];
  const place = document.querySelector(".claims-filter");
  const claims = [...document.querySelectorAll(".claim")].map((box) => {
    const section = box.closest("section");
    const chapter = section.parentElement.closest("section");
    return { section, chapter, verdict: verdicts.find(([kind]) => box.classList.contains(kind))[0] };
  });
  const chapters = [...new Set(claims.map(({ chapter }) => chapter))];
  const title = (section) => section.querySelector("h2").firstChild.textContent.trim();

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function choice(name, options) {
    const items = options.map(([value, text]) => element("option", { value }, text));
    const select = element("select", {}, element("option", { value: ALL }, "all"), ...items);
    return [element("label", {}, `${name} `, select), select];
  }

  const [chapterLabel, chapter] = choice(
    "Chapter",
    chapters.map((section, i) => [String(i), title(section)]),
  );
  const [verdictLabel, verdict] = choice("Verdict", verdicts);
  const shown = element("p", { role: "status" });
  const form = element("form", { autocomplete: "off" });
  form.setAttribute("aria-label", "Choose claims");
  const button = element("button", { type: "button", onclick: showAll }, "Show all");
  form.append(chapterLabel, verdictLabel, button);

  function filter() {
    let count = 0;
    for (const claim of claims) {
      const wanted =
        [ALL, String(chapters.indexOf(claim.chapter))].includes(chapter.value) &&
        [ALL, claim.verdict].includes(verdict.value);
      claim.section.hidden = !wanted;
      count += wanted;
    }
    for (const section of chapters) {
      section.hidden = claims.every((claim) => claim.chapter !== section || claim.section.hidden);
    }
    shown.textContent = `${count} of ${claims.length} claims`;
  }

  function showAll() {
    chapter.value = verdict.value = ALL;
    filter();
  }

  /* A link into the page leads to its claim, whatever was chosen before. */
  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.closest("[hidden]")) return;
    showAll();
    target.scrollIntoView();
  }

  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", follow);
  place.append(form, shown);
  filter();
})();
