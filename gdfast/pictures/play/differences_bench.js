// Bench: the numerical gradient. Slide h, and see where truncation gives way to cancellation, forward and centred.
(function (play) {
  "use strict";
  const { element, number, markup, differences } = play;
  const { wholeRange, missedCurve } = play.differencesPicture;
  const { STYLES, HS, LARGEST, SMALLEST, PER_DECADE, LOWEST_ERROR } = play.differencesPicture;

  play.benches.push({ name: "differences", title: "The numerical gradient: how small is h?", mount });

  function mount(section) {
    const state = { key: "sine", x: play.smoothFunctions.sine.start, h: 0.1 };
    const [pictures, panel, lower, words] = Array.from({ length: 4 }, () => element("div"));
    section.append(
      element(
        "p",
        {},
        ...markup(
          "A difference quotient is the slope of a secant: forward (*f*(*x* + *h*) − *f*(*x*)) / *h*, centred (*f*(*x* + *h*) − *f*(*x* − *h*)) / 2*h*. " +
            "Make *h* smaller: the secants approach the tangent, until the computer's 16 digits run out.",
        ),
      ),
      element("div", { class: "bench" }, pictures, panel, lower, words),
    );

    // ---- the pictures ----
    const curve = play.chart(pictures, {
      x: [0, 1],
      y: [0, 1],
      xName: "x",
      yName: "f(x)",
      height: (width) => Math.min(270, Math.max(220, width * 0.4)),
    });
    pictures.append(
      element(
        "p",
        { class: "caption" },
        ...swatch("--quiet", [2, 4]),
        " tangent ",
        ...swatch("--vermilion", [7, 4]),
        " forward ",
        ...swatch("--blue", []),
        " centred. Drag the ring to another x.",
      ),
    );
    const close = play.chart(pictures, {
      x: [-1.8, 1.8],
      y: [-1, 1],
      xName: "(x' − x) / h",
      yName: "(f(x') − tangent) / h: zoomed to h",
      inert: true,
      margin: { left: 62 },
      height: (width) => Math.min(250, Math.max(210, width * 0.36)),
    });
    pictures.append(
      element(
        "p",
        { class: "caption" },
        "What the tangent misses, as the computer has it: a smooth bend is truncation, jumps are rounding. The slopes of the two secants are the errors of the two quotients.",
      ),
    );
    const graph = play.chart(lower, {
      x: [SMALLEST, LARGEST],
      y: [LOWEST_ERROR, 10],
      logX: true,
      logY: true,
      xName: "h",
      yName: "relative error of the quotient",
      height: (width) => Math.min(340, Math.max(280, width * 0.5)),
    });
    lower.append(
      element(
        "p",
        { class: "caption" },
        "Thin lines: the errors that theory expects, truncation falling with h and cancellation rising as 1/h. Diamonds: the best h of each. Drag the vertical line.",
      ),
    );

    // ---- the controls ----
    play.choice(panel, {
      label: "Function",
      value: state.key,
      list: true,
      options: Object.fromEntries(Object.entries(play.smoothFunctions).map(([key, { text }]) => [key, text])),
      onChange(key) {
        state.key = key;
        const { from, to, start } = play.smoothFunctions[key];
        position.limits(from, to);
        position.set(start);
        state.x = start;
        prepare();
      },
    });
    const position = play.slider(panel, {
      label: "Point *x*",
      low: -0.5,
      high: 3,
      step: 0.01,
      value: state.x,
      onInput(x) {
        state.x = x;
        prepare();
      },
    });
    const slider = play.slider(panel, {
      label: "Step *h*",
      low: SMALLEST,
      high: LARGEST,
      log: true,
      step: 1 / PER_DECADE,
      value: state.h,
      onInput: chooseH,
    });
    const buttons = element("div", { class: "buttons" });
    panel.append(buttons);
    for (const scheme of ["forward", "centered"]) {
      play.button(buttons, `Best h, ${STYLES[scheme].name}`, () => {
        chooseH(HS[sweep[scheme].best]);
        slider.set(state.h);
      });
    }
    const body = element("tbody");
    panel.append(play.table(["", "slope", "relative error"], body, { caption: "Slope at x", class: "slopes" }));
    const digits = element("div", { class: "formula" });
    const regime = element("div", { class: "regime" });
    panel.append(digits);
    words.append(regime);
    const say = play.announcer(section);
    play.questions(section, play.QUESTIONS.differences);

    // ---- what happens ----
    let sweep = {};

    function chooseH(h) {
      state.h = Math.min(LARGEST, Math.max(SMALLEST, h));
      show();
    }

    /** The error curves of this function at this point, and the range of the upper picture. */
    function prepare() {
      const own = play.smoothFunctions[state.key];
      for (const scheme of ["forward", "centered"]) {
        const error = differences.errors(scheme, own.f, own.derivative, state.x, HS);
        sweep[scheme] = { error, best: differences.best(error) };
      }
      curve.range(wholeRange(own));
      graph.renew();
      show();
    }

    function show() {
      const own = play.smoothFunctions[state.key],
        { x, h } = state;
      const found = { forward: differences.forward(own.f, x, h), centered: differences.centered(own.f, x, h) };
      const exact = own.derivative(x),
        scale = Math.abs(exact) || 1;
      state.found = found;
      curve.redraw();
      const { points, reach } = missedCurve(own, state);
      state.missed = points;
      if (close.y[1] !== reach) close.range({ y: [-reach, reach] });
      close.redraw();
      graph.redraw();
      const rows = [
        ["exact", exact, null],
        ...Object.entries(found).map(([scheme, { value }]) => [
          STYLES[scheme].name,
          value,
          Math.abs(value - exact) / scale,
        ]),
      ];
      body.replaceChildren(
        ...rows.map(([name, slope, error]) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, name),
            element("td", {}, slopeText(slope)),
            element("td", {}, error === null ? "" : errorText(error)),
          ),
        ),
      );
      showDigits(digits, found.centered);
      const sentences = Object.keys(found).map((scheme) => sentence(scheme, own, x, h, found[scheme].value));
      regime.replaceChildren(
        element("h3", {}, `h = ${number(h)}: ${title(own, x, h)}`),
        ...sentences.map((text) => element("p", {}, ...markup(text))),
      );
      const told = rows
        .map(
          ([name, slope, error]) => `${name} ${slopeText(slope)}${error === null ? "" : `, error ${errorText(error)}`}`,
        )
        .join("; ");
      curve.says(
        `${own.text} at x = ${number(x)} with h = ${number(h)}. Slopes: ${told}. Left and right arrow keys move x.`,
      );
      close.says(
        `What the tangent misses within 1.8 h of x, divided by h: at most ${number(reach)}, ${rules("centered", own, x, h) === "cancellation" ? "by rounding, in jumps" : "a smooth bend"}.`,
      );
      graph.says(
        `Relative error against h. Best h: forward ${number(HS[sweep.forward.best])}, centred ${number(HS[sweep.centered.best])}. Now h = ${number(h)}. Left and right arrow keys change h.`,
      );
      say(`h = ${number(h)}. ${told}. ${title(own, x, h)}.`);
    }

    // ---- drawing ----
    curve.behind(() => curve.axes());
    curve.front(() => play.differencesPicture.drawCurve(curve, play.smoothFunctions[state.key], state));
    close.behind(() => close.axes());
    close.front(() => play.differencesPicture.drawMissed(close, play.smoothFunctions[state.key], state, state.missed));
    graph.behind(() => play.differencesPicture.drawErrors(graph, play.smoothFunctions[state.key], state.x, sweep));
    graph.front(() => play.differencesPicture.drawStep(graph, state, play.smoothFunctions[state.key]));

    // ---- mouse, finger and keyboard ----
    const moveX = (x) => {
      const { from, to } = play.smoothFunctions[state.key];
      state.x = Math.min(to, Math.max(from, Number(x.toFixed(2))));
      position.set(state.x);
      prepare();
    };
    const moveH = (h) => {
      chooseH(Number(h.toPrecision(2)));
      slider.set(state.h);
    };
    play.drag(curve, {
      grab: (x, y, near) => (near(state.x, play.smoothFunctions[state.key].f(state.x)) ? "point" : null),
      move: (_handle, x) => moveX(x),
    });
    play.drag(graph, {
      grab(h, y, near, event) {
        if (event.pointerType === "mouse") moveH(h);
        return event.pointerType === "mouse" || near(state.h, y) ? "h" : null;
      },
      move: (_handle, h) => moveH(h),
      click: (h) => moveH(h),
    });
    const nudge = (sign) => (event) => moveX(state.x + sign * (event.shiftKey ? 0.2 : 0.02));
    const multiply = (sign) => (event) => moveH(state.h * 10 ** (sign * (event.shiftKey ? 1 : 1 / PER_DECADE)));
    play.keys(curve, { ArrowLeft: nudge(-1), ArrowRight: nudge(1) });
    play.keys(graph, { ArrowLeft: multiply(-1), ArrowRight: multiply(1) });
    prepare();
  }

  const swatch = (colour, dash) => {
    const style = dash.length === 0 ? "solid" : dash[0] > 4 ? "dashed" : "dotted";
    return [element("span", { class: "swatch", style: `border-color: var(${colour}); border-top-style: ${style}` })];
  };

  // ---- words ----
  const slopeText = (slope) => (Number.isNaN(slope) ? "lost: x + h is x" : slope.toPrecision(10).replace("-", "−"));
  const errorText = (error) => (Number.isNaN(error) ? "–" : error === 0 ? "0" : number(error, 2));

  function showDigits(host, { ahead, behind }) {
    const [first, second] = [ahead, behind].map((value) => value.toPrecision(17).replace("-", "−"));
    let same = 0;
    while (same < first.length && first[same] === second[same]) same += 1;
    const count = (text) =>
      text
        .replace(/e.*/, "")
        .replace(/[^0-9]/g, "")
        .replace(/^0+/, "").length;
    const shared = count(first.slice(0, same)),
      left = Math.max(0, 16 - shared);
    const line = (label, text) =>
      element(
        "p",
        { class: "digits" },
        ...markup(label),
        " ",
        element("span", { class: "same" }, text.slice(0, same)),
        element("b", {}, text.slice(same)),
      );
    host.replaceChildren(
      element("h3", {}, "What the centred quotient subtracts"),
      line("*f*(*x* + *h*)", first),
      line("*f*(*x* − *h*)", second),
      element(
        "p",
        {},
        ahead === behind
          ? "All digits agree: nothing is left of the difference."
          : `${shared || "No"} leading ${shared < 2 ? "digit agrees and cancels" : "digits agree and cancel"}: about ${left} of 16 are left.`,
      ),
    );
  }

  function rules(scheme, own, x, h) {
    const { truncation, cancellation } = differences.parts(scheme, own, x, h);
    return truncation > 4 * cancellation ? "truncation" : cancellation > 4 * truncation ? "cancellation" : "both";
  }

  function title(own, x, h) {
    const [first, second] = ["forward", "centered"].map((scheme) => rules(scheme, own, x, h));
    const words = { truncation: "truncation", cancellation: "cancellation", both: "the best of both" };
    return first === second ? words[first] : `forward ${words[first]}, centred ${words[second]}`;
  }

  function sentence(scheme, own, x, h, value) {
    const front = scheme === "forward" ? "Forward" : "Centred";
    if (Number.isNaN(value)) return `${front}: *x* + *h* is rounded to *x*; there is no quotient.`;
    return {
      truncation:
        scheme === "forward"
          ? "Forward: truncation. The secant leans by *f*″ *h* / 2; half of *h* halves the error."
          : "Centred: truncation. What the secant misses is *f*‴ *h*^{2} / 6; half of *h* leaves a quarter of the error.",
      cancellation: `${front}: cancellation. Each value of *f* is rounded to 16 digits, and the division by ${scheme === "forward" ? "*h*" : "2*h*"} magnifies that: half of *h* doubles the error.`,
      both: `${front}: truncation and cancellation are about equal. No *h* is much better.`,
    }[rules(scheme, own, x, h)];
  }
})((globalThis.play ??= {}));
