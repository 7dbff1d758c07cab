// Searches the book's sections, which tools/search_sections.py collects in sections.js.
"use strict";
{
  const AROUND = 90; // characters of text shown on each side of a match

  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  /* What matches a word of the query: the beginning of a word, in this form or in its stem's. */
  function pattern(word) {
    const forms = [word, new Stemmer().stemWord(word)].map(escaped).join("|");
    const end = /\d$/.test(word) ? "(?!\\d|\\.\\d)" : ""; // 4.2 is neither 4.21 nor 4.2.1
    return new RegExp(`(?<![\\p{L}\\d]|\\d\\.)(?:${forms})${end}`, "giu");
  }

  const count = (text, one) => text.match(one)?.length ?? 0;

  /* How well a section answers, or 0 where a word of the query is missing. The ledger repeats in
   * whole sentences what chapters decide, so that it comes behind them. */
  function score({ at, title, words }, phrase, patterns) {
    const hits = patterns.map((one) => [count(title, one), count(words, one)]);
    if (hits.some(([name, text]) => name + text === 0)) return 0;
    const phrases = 100 * title.toLowerCase().startsWith(phrase);
    const named = at.startsWith("claims.html") ? 1 : 10;
    return phrases + hits.reduce((sum, [name, text]) => sum + named * name + Math.log1p(text), 0);
  }

  /* Text with its matches marked. */
  function marked(text, patterns) {
    const places = patterns.flatMap((one) => [...text.matchAll(one)]);
    places.sort((a, b) => a.index - b.index);
    const [parts, end] = places.reduce(
      ([parts, end], { 0: word, index }) => {
        if (index < end) return [parts, end];
        const mark = document.createElement("mark");
        mark.append(word);
        return [[...parts, text.slice(end, index), mark], index + word.length];
      },
      [[], 0],
    );
    return [...parts, text.slice(end)];
  }

  /* The piece of a text that holds its first match. */
  function excerpt(words, patterns) {
    const first = Math.min(...patterns.map((one) => words.search(one)).filter((at) => at >= 0));
    const from = Number.isFinite(first) && first > AROUND ? words.lastIndexOf(" ", first - AROUND) + 1 : 0;
    const to = words.indexOf(" ", from + 2 * AROUND);
    const piece = words.slice(from, to < 0 ? undefined : to);
    return (from ? "… " : "") + piece + (to < 0 ? "" : " …");
  }

  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...children);
    return made;
  }

  function result(section, patterns) {
    const link = element("a", "", ...marked(section.title, patterns));
    link.href = section.at;
    const text = marked(excerpt(section.words, patterns), patterns);
    return element("li", "", link, element("span", "", section.page), element("p", "", ...text));
  }

  const query = new URLSearchParams(location.search).get("q") ?? "";
  for (const field of document.querySelectorAll("input[name=q]")) field.value = query;
  const asked = query.toLowerCase().match(/[\p{L}\d_]+(?:[.'’-][\p{L}\d_]+)*/gu);
  if (asked) {
    const [phrase, patterns] = [asked.join(" "), asked.map(pattern)];
    const found = SECTIONS.map((section) => [score(section, phrase, patterns), section])
      .filter(([value]) => value > 0)
      .sort(([a], [b]) => b - a);
    const said = element("p", "", `${found.length} ${found.length === 1 ? "place" : "places"} found.`);
    said.role = "status";
    const list = element("ol", "", ...found.map(([, section]) => result(section, patterns)));
    document.querySelector("#search-results").append(said, list);
  }
}
