// Numbers and formulas as text: at most four digits, a true minus sign, powers of ten.
//
//   play.number(value)        "0.1234", "−2", "1.5·10⁻⁹", "not finite"
//   play.point(w)             of [1, 2]: "(1, 2)"; of [1]: "1"
//   play.markup(text)         nodes: *w* a variable, ^{2} above, _{k} below; everything else as it is
(function (play) {
  "use strict";
  const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

  play.number = (value, digits = 4) => {
    if (!Number.isFinite(value)) return "not finite";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
      const [mantissa, power] = value.toExponential(digits - 1).split("e");
      const raised = [...String(Number(power))].map((sign) => RAISED[sign]).join("");
      const front = String(Number(mantissa));
      return (front === "1" ? "" : front === "-1" ? "−" : `${front.replace("-", "−")}·`) + `10${raised}`;
    }
    return String(Number(value.toPrecision(digits))).replace("-", "−");
  };

  play.point = (w, digits = 4) =>
    w.length === 1 ? play.number(w[0], digits) : `(${w.map((element) => play.number(element, digits)).join(", ")})`;

  play.markup = (text) =>
    text
      .split(/(\*[^*]+\*|[_^]\{[^}]+\})/)
      .filter((part) => part !== "")
      .map((part) => {
        const tag = part.length > 2 && { "*": "var", "^": "sup", _: "sub" }[part[0]];
        if (!tag || !/^(\*.*\*|[_^]\{.*\})$/s.test(part)) return document.createTextNode(part);
        const node = document.createElement(tag);
        node.textContent = tag === "var" ? part.slice(1, -1) : part.slice(2, -1);
        return node;
      });
})((globalThis.play ??= {}));
