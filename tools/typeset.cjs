// Typesets TeX: reads {macros, fonts, formulas: [[tex, display], ...]} from standard input,
// writes {css, html: [...]}. `tools/typeset.py` calls it once a build.
const { join } = require("node:path");

const home = join(__dirname, "mathjax");
const { macros, fonts, formulas } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));

require(join(home, "node-main.cjs"))
  .init({
    loader: {
      paths: { mathjax: home, "mathjax-tex": join(home, "font") },
      load: ["adaptors/liteDOM", "input/tex", "output/chtml", "[mathjax-tex]/chtml", "a11y/assistive-mml"],
    },
    tex: {
      macros,
      tags: "none",
      packages: { "[-]": ["noundefined", "noerrors"] }, // a mistake stops the build
      formatError: (_, error) => { throw error; },
    },
    output: { font: "mathjax-tex" },
    chtml: { fontURL: fonts },
    startup: { typeset: false },
  })
  .then(async (MathJax) => {
    const { adaptor } = MathJax.startup;
    const html = [];
    for (const [tex, display] of formulas) {
      try {
        const node = await MathJax.tex2chtmlPromise(tex, { display });
        html.push(adaptor.outerHTML(node).replace(/ data-latex="[^"]*"/g, ""));
      } catch (error) {
        html.push({ error: error.message });
      }
    }
    process.stdout.write(JSON.stringify({ css: adaptor.cssText(MathJax.chtmlStylesheet()), html }));
  });
