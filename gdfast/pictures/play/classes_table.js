// The loss of each sample in the bench of three classes, term by term, as a table, and one sample's sum written out.
//
//   play.samplesTable(host, choose) -> { show(state) }      choose(i): a sample's button was pressed
(function (play) {
  "use strict";
  const { element, number, markup } = play;
  const SHAPES = { circle: "●", square: "■", triangle: "▲" };
  const names = () => play.CLASSES.map(({ name }) => name);

  play.samplesTable = (host, choose) => {
    const caption = element("caption", {}),
      head = element("tr"),
      body = element("tbody");
    const sum = element("div", { class: "formula" });
    host.classList.add("side-by-side");
    host.append(
      element(
        "div",
        { class: "scroll samples", tabindex: 0, role: "region", "aria-label": "The loss of each sample" },
        element("table", {}, caption, element("thead", {}, head), body),
      ),
      sum,
    );
    let kind = null,
      cells = [],
      classes = "";

    /** Rows are made anew when a sample comes or goes, not when weights change. */
    const build = (samples) => {
      cells = [];
      body.replaceChildren(
        ...samples.map(({ y }, i) => {
          const { colour, shape, name } = play.CLASSES[y];
          const button = element(
            "button",
            { type: "button", class: "sample", "aria-pressed": "false", onclick: () => choose(i) },
            element("span", { style: `color: var(${colour})`, "aria-hidden": "true" }, SHAPES[shape]),
            ` ${name}${i + 1}`,
          );
          const terms = play.CLASSES.map(() => element("td"));
          const loss = element("td", { class: "loss" });
          cells.push({ button, terms, loss });
          return element("tr", {}, element("th", { scope: "row" }, button), ...terms, loss);
        }),
      );
    };

    return {
      show({ kind: wanted, samples, scores, found, selected }) {
        if (wanted !== kind) {
          kind = wanted;
          caption.replaceChildren(
            ...markup(
              kind === "hinge"
                ? "Hinge terms max(0, *s*_{j} − *s*_{y} + 1) and their sum"
                : "Probabilities, and −log of the right class's",
            ),
          );
          head.replaceChildren(
            ...["sample", ...names().map((name) => (kind === "hinge" ? `term ${name}` : `p ${name}`)), "loss"].map(
              (name) => element("th", { scope: "col" }, name),
            ),
          );
        }
        const now = samples.map(({ y }) => y).join();
        if (now !== classes) {
          classes = now;
          build(samples);
        }
        const most = Math.max(1e-9, ...found.each);
        samples.forEach(({ y }, i) => {
          const parts = kind === "hinge" ? play.losses.hingeTerms(scores[i], y) : play.losses.probabilities(scores[i]);
          const { button, terms, loss } = cells[i];
          parts.forEach((part, j) => {
            terms[j].textContent = kind === "softmax" ? part.toFixed(3) : j === y ? "" : number(part, 3);
            terms[j].className = kind === "hinge" && part === 0 ? "zero" : j === y ? "right" : "";
          });
          loss.textContent = lossText(kind, found.each[i]);
          loss.style.setProperty("--part", found.each[i] / most);
          button.setAttribute("aria-pressed", String(i === selected));
        });
        sum.replaceChildren(...written(kind, samples, scores, found, selected));
      },
    };
  };

  const lossText = (kind, loss) =>
    kind === "hinge" ? number(loss, 3) : loss < 5e-4 ? number(loss, 1) : loss.toFixed(3);

  /** The loss of the chosen sample with its numbers. */
  function written(kind, samples, scores, found, i) {
    if (i === null || !samples[i])
      return [element("p", {}, "Choose a point in the picture or in the table: its loss is written out here.")];
    const { y } = samples[i],
      s = scores[i],
      [right, own] = [play.CLASSES[y].name, number(s[y], 3)];
    const others = play.CLASSES.map((_, j) => j).filter((j) => j !== y);
    const heading = element("h3", {}, `Sample ${right}${i + 1}: its class is ${right}`);
    const list = `*s*_{A} = ${number(s[0], 3)}, *s*_{B} = ${number(s[1], 3)}, *s*_{C} = ${number(s[2], 3)}`;
    if (kind === "hinge") {
      const lines = others.map(
        (j) =>
          `*s*_{${play.CLASSES[j].name}} − *s*_{${right}} + 1 = ${number(s[j] - s[y] + 1, 3)}: ${s[j] - s[y] + 1 > 0 ? "the term counts" : "the term is 0"}`,
      );
      return [
        heading,
        ...[list, ...lines].map((text) => element("p", {}, ...markup(text))),
        element("p", {}, `loss = ${number(found.each[i])}`),
      ];
    }
    const p = play.losses.probabilities(s)[y];
    return [
      heading,
      element("p", {}, ...markup(list)),
      element("p", {}, ...markup(`*p*_{${right}} = exp(${own}) / sum of exp(*s*) = ${number(p, 3)}`)),
      element("p", {}, `loss = −log p = ${number(found.each[i])}`),
    ];
  }
})((globalThis.play ??= {}));
