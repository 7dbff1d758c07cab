/* Answering an exercise in the page: reads the forms that tools/page_checks.py puts there.
 *
 * Nothing is decided here. A form carries the verdicts of its exercise: on the answers that are
 * looked up (`words`) and on intervals of numbers (`bands`). They are veiled against spoilers.
 */
"use strict";
(() => {
  const GAP = "{}"; // where the reader's own words go

  function unveiled(form) {
    const key = new TextEncoder().encode(form.dataset.key);
    const veil = (letter, i) => letter.charCodeAt(0) ^ key[i % key.length];
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(form.dataset.check), veil)));
  }

  /* The value of an arithmetic expression, in the grammar that Python shares: numbers, + - * / **
   * and brackets. Throws where the text is none. */
  function value(text) {
    const token = /\s*((?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+)(?:e[+-]?\d+)?|\*\*|[-+*/()])\s*/iy;
    const tokens = [];
    while (token.lastIndex < text.length) {
      const found = token.exec(text);
      if (!found) throw new SyntaxError(text);
      tokens.push(found[1]);
    }
    const take = (...wanted) => wanted.includes(tokens[0]) && tokens.shift();
    function sum() {
      let total = term();
      for (let sign; (sign = take("+", "-")); ) total += sign === "+" ? term() : -term();
      return total;
    }
    function term() {
      let result = factor();
      for (let sign; (sign = take("*", "/")); ) {
        if (sign === "*") result *= factor();
        else result /= factor();
      }
      return result;
    }
    function factor() {
      const sign = take("+", "-");
      if (sign) return sign === "-" ? -factor() : factor();
      const base = atom();
      return take("**") ? base ** factor() : base;
    }
    function atom() {
      if (take("(")) {
        const inner = sum();
        if (!take(")")) throw new SyntaxError(text);
        return inner;
      }
      if (!/\d/.test(tokens[0])) throw new SyntaxError(text);
      return Number(tokens.shift().replaceAll("_", ""));
    }
    const result = sum();
    if (tokens.length) throw new SyntaxError(text);
    return result;
  }

  function valueOrNothing(text) {
    if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
    try {
      return value(text.replace(/[−–]/g, "-").replace(/[×·]/g, "*"));
    } catch {
      return undefined;
    }
  }

  /* So many decimals, and from the middle between two numbers to the even one, as Python rounds. */
  function rounded(number, decimals) {
    const text = number.toFixed(decimals);
    const middle = /^50*$/.test(number.toFixed(100).split(".")[1].slice(decimals));
    const odd = /[13579]$/.test(text);
    return middle && odd ? (number * (1 - Number.EPSILON)).toFixed(decimals) : text;
  }

  /* Six significant digits, whole and huge numbers in full: as the checks in a notebook do. */
  function digits(number) {
    if (!Number.isFinite(number)) return number < 0 ? "-inf" : "inf";
    if (Number.isInteger(number)) return String(BigInt(number));
    if (Math.abs(number) >= 1e15) return String(number);
    const [mantissa, exponent] = number.toExponential(5).split("e");
    const power = Number(exponent);
    const trimmed = (text) => text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
    if (power >= -4 && power < 6) return trimmed(rounded(number, 5 - power));
    const size = String(Math.abs(power)).padStart(2, "0");
    return `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${size}`;
  }

  /* Text in quotes, as Python writes it. */
  function quoted(text) {
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    const escaped = text.replaceAll("\\", "\\\\");
    return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
  }

  /* How to write what is nearly a number: commas, spaces or a unit are too much in it. */
  function advice(text) {
    const [, start, rest] = text.replace(/[\s'’]/g, "").match(/^([-−+]?[\d.,]*)(.*)$/);
    if (!/^[\p{L}%]*$/u.test(rest)) return "";
    const forms = [start.replaceAll(",", "")];
    if (start.split(",").length === 2 && !start.includes(".")) forms.unshift(start.replace(",", "."));
    const number = (form) => valueOrNothing(form) !== undefined && !/^\D?0\d/.test(form);
    const good = [...new Set(forms)].filter(number);
    if (!good.length) return "";
    const written = good.map((form) => `\`${form}\``).join(" or ");
    return ` Write ${written}: digits and a decimal point, no comma, no space, no unit.`;
  }

  function verdictOn(data, answer) {
    const word = answer.toLowerCase();
    if (Object.hasOwn(data.words, word)) return data.words[word];
    const number = valueOrNothing(answer);
    if (number === undefined) {
      const [look, name, message, evidence] = data.text;
      const said = message.replace(GAP, () => quoted(answer)) + advice(answer);
      return [look, name, said, evidence];
    }
    if (Number.isNaN(number)) return data.words.nan;
    const band = data.bands.find(([lowest, highest]) => lowest <= number && number <= highest);
    const [look, name, message, evidence] = band ? band[2] : data.other;
    return [look, name, message, evidence.replace(GAP, () => digits(number))];
  }

  function element(tag, ...children) {
    const made = document.createElement(tag);
    made.append(...children);
    return made;
  }

  /* `code` in backticks becomes a code element. */
  function paragraph(text) {
    const parts = text.split(/`([^`]+)`/);
    return element("p", ...parts.map((part, i) => (i % 2 ? element("code", part) : part)));
  }

  function sentence(name) {
    return name[0].toUpperCase() + name.slice(1) + (/[.?!]$/.test(name) ? "" : ".");
  }

  function card(look, where, name, message, evidence) {
    const [symbol, words, colour] = look;
    const mark = element("span", symbol);
    mark.ariaHidden = "true";
    const made = element("div", element("p", mark, " ", element("strong", words), where));
    made.className = "page-check-card";
    made.style.borderLeftColor = colour;
    if (name) made.append(element("p", element("strong", sentence(name))));
    made.append(...message.split("\n").filter(Boolean).map(paragraph));
    if (evidence) made.append(element("pre", evidence));
    return made;
  }

  function link(form) {
    const made = element("a", "the worked solution");
    made.href = form.dataset.solution;
    return made;
  }

  function start(form) {
    const data = unveiled(form);
    const [verdict, hints] = form.querySelectorAll("[role=status]");
    const fields = [...form.querySelectorAll("input, select")];

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = fields.map((field) => field.value.trim()).join("");
      const [look, ...rest] = verdictOn(data, answer);
      verdict.replaceChildren(card(data.looks[look], "", ...rest));
    });

    form.querySelector("[type=button]").addEventListener("click", () => {
      const shown = hints.children.length;
      const total = data.hints.length;
      if (shown < total) {
        hints.append(card(data.looks.hint, ` · ${shown + 1} of ${total}`, "", data.hints[shown], ""));
      } else if (shown === total) {
        hints.append(element("p", "That was all. Next is ", link(form), "."));
      }
    });
  }

  document.querySelectorAll("form.page-check").forEach(start);
})();
