// Bench: a kink. Drag a weight and h, and see what the centred difference mixes, beside a gradient that is wrong.
(function (play) {
  "use strict";
  const { element, number, markup, kink } = play;
  const { SMALLEST, LARGEST, LOWEST_ERROR, HIGHEST_ERROR } = play.kinkPicture;
  const STEPS = Array.from({ length: 241 }, (_, i) => LARGEST * (SMALLEST / LARGEST) ** (i / 240));
  const PROBLEMS = {
    one: { text: "one sample: max(0, 1 − w)", t: [1], start: 0.9, view: [-0.5, 2.5] },
    three: { text: "three samples, three kinks", t: [1, -1.25, 2], start: 0.45, view: [-2, 2] },
    twenty: { text: "twenty samples", t: drawn(20), start: 0.6, view: [-2.5, 2.5] },
  };
  const WRONG = {
    sign: { text: "sign flipped", claim: (slope) => -slope },
    factor: { text: "twice too large", claim: (slope) => 2 * slope },
    percent: { text: "1 % too large", claim: (slope) => 1.01 * slope },
  };

  play.benches.push({ name: "kink", title: "A kink: what the centred difference mixes", mount });

  function drawn(count) {
    const uniform = play.random.generator(3);
    return Array.from({ length: count }, () => Number((1.2 * play.random.normal(uniform)).toFixed(2)));
  }

  function mount(section) {
    const state = { problem: "one", wrong: "factor", w: PROBLEMS.one.start, h: 0.3 };
    const [pictures, panel, lower, words] = Array.from({ length: 4 }, () => element("div"));
    section.append(
      element(
        "p",
        {},
        ...markup(
          "The hinge loss is made of straight pieces: where a term max(0, 1 − *t w*) becomes 0 the slope jumps. A centred difference whose stencil [*w* − *h*, *w* + *h*] reaches across the kink gives neither slope but a mixture. " +
            "That is no bug. How does one tell it from one?",
        ),
      ),
      element("div", { class: "bench" }, pictures, panel, lower, words),
    );

    // ---- the pictures ----
    const view = () => PROBLEMS[state.problem].view;
    const curve = play.chart(pictures, {
      x: view(),
      y: [0, 3],
      yName: "loss f(w)",
      height: (width) => Math.min(280, Math.max(210, width * 0.4)),
    });
    const slopes = play.chart(pictures, {
      x: view(),
      y: [-2, 2],
      xName: "w",
      yName: "slope",
      inert: true,
      height: (width) => Math.min(250, Math.max(210, width * 0.36)),
    });
    pictures.append(
      element(
        "p",
        { class: "caption" },
        ...swatch("--ink", "solid"),
        " the gradient ",
        ...swatch("--blue", "solid"),
        " the centred difference with this h ",
        ...swatch("--vermilion", "dashed"),
        " the wrong gradient. Shaded: the stencil. Drag the ring, or an end of the stencil.",
      ),
    );
    const graph = play.chart(lower, {
      x: [SMALLEST, LARGEST],
      y: [LOWEST_ERROR, HIGHEST_ERROR],
      logX: true,
      logY: true,
      xName: "h",
      yName: "relative error found by the check at this w",
      height: (width) => Math.min(280, Math.max(240, width * 0.4)),
    });
    lower.append(
      element(
        "p",
        { class: "caption" },
        ...swatch("--blue", "solid"),
        " the right gradient ",
        ...swatch("--vermilion", "dashed"),
        " the wrong one. Below the dotted line the verdict is PASS. Shaded: the stencil crosses a kink. Drag the vertical line.",
      ),
    );

    // ---- the controls ----
    play.choice(panel, {
      label: "Loss",
      value: state.problem,
      options: texts(PROBLEMS),
      list: true,
      onChange(key) {
        state.problem = key;
        for (const chart of [curve, slopes]) chart.range({ x: view() });
        position.limits(...view());
        moveW(PROBLEMS[key].start);
      },
    });
    const position = play.slider(panel, {
      label: "Weight *w*",
      low: view()[0],
      high: view()[1],
      step: 0.01,
      value: state.w,
      onInput(w) {
        state.w = w;
        show();
      },
    });
    const slider = play.slider(panel, {
      label: "Step *h*",
      low: SMALLEST,
      high: LARGEST,
      log: true,
      step: 0.05,
      value: state.h,
      onInput(h) {
        state.h = h;
        show();
      },
    });
    const buttons = element("div", { class: "buttons" });
    panel.append(buttons);
    play.button(buttons, "Onto the kink", () => moveW(nearest(), true));
    const safeButton = play.button(buttons, "h that crosses none", () => moveH(0.9 * distance(), true));
    const mixture = element("div", { class: "formula" });
    panel.append(mixture);
    play.choice(panel, {
      label: "Beside it a wrong gradient",
      value: state.wrong,
      options: texts(WRONG),
      onChange(key) {
        state.wrong = key;
        show();
      },
    });
    const body = element("tbody");
    panel.append(play.table(["", "right", "wrong"], body, { caption: "What gdfast's check says of each", class: "slopes" }));
    const regime = element("div", { class: "regime" });
    words.append(regime);
    const say = play.announcer(section);
    play.questions(section, play.QUESTIONS.kink);

    // ---- what happens ----
    const samples = () => PROBLEMS[state.problem].t;
    const nearest = () =>
      kink
        .kinks(samples())
        .reduce((best, place) => (Math.abs(place - state.w) < Math.abs(best - state.w) ? place : best), Infinity);
    const distance = () => Math.abs(nearest() - state.w);
    const found = () => {
      const right = kink.gradient(samples(), state.w),
        bug = WRONG[state.wrong].claim(right);
      return {
        right: { claimed: right, ...kink.verdict(samples(), state.w, state.h, right) },
        wrong: { claimed: bug, ...kink.verdict(samples(), state.w, state.h, bug) },
      };
    };

    function moveW(w, exactly = false) {
      state.w = Math.min(view()[1], Math.max(view()[0], exactly ? w : Number(w.toFixed(3))));
      position.set(state.w);
      show();
    }

    function moveH(h, exactly = false) {
      state.h = Math.min(LARGEST, Math.max(SMALLEST, exactly ? h : Number(h.toPrecision(2))));
      slider.set(state.h);
      show();
    }

    function show() {
      const { w, h } = state,
        t = samples(),
        both = found();
      const pieces = kink.pieces(t, w, h);
      safeButton.disabled = distance() < SMALLEST;
      curve.renew();
      slopes.renew();
      graph.renew();
      showMixture(mixture, pieces, both.right, h);
      const rows = [
        ["claimed slope", ({ claimed }) => number(claimed)],
        ["centred difference", ({ numerical }) => number(numerical)],
        ["relative error", ({ error }) => number(error, 2)],
        ["verdict", ({ name }) => element("b", { class: "verdict", "data-verdict": name }, name)],
      ];
      body.replaceChildren(
        ...rows.map(([name, cell]) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, name),
            element("td", {}, cell(both.right)),
            element("td", {}, cell(both.wrong)),
          ),
        ),
      );
      const sentences = explain(t, w, h, both, pieces, distance());
      regime.replaceChildren(...sentences.map((text) => element("p", {}, ...markup(text))));
      const told = `w = ${number(w)}, h = ${number(h)}. Centred difference ${number(both.right.numerical)}, gradient ${number(both.right.claimed)}: ${both.right.name}. Wrong gradient ${number(both.wrong.claimed)}: ${both.wrong.name}.`;
      curve.says(`Loss of one weight. ${told} Left and right arrow keys move w, up and down change h.`);
      slopes.says(
        `The gradient jumps at ${kink.kinks(t).length === 1 ? "the kink" : "each kink"}; the centred difference goes over from one slope to the next within h of it. ${told}`,
      );
      graph.says(
        `Relative error against h. The right gradient's is ${number(both.right.error, 2)}, the wrong one's ${number(both.wrong.error, 2)}. Left and right arrow keys change h.`,
      );
      say(told);
    }

    // ---- drawing ----
    curve.behind((chart) => {
      const t = samples(),
        top = 1.05 * Math.max(...view().map((w) => kink.value(t, w)));
      if (chart.y[1] !== top) chart.range({ y: [-0.12 * top, top] });
      chart.axes();
      chart.inside(() => play.kinkPicture.drawLoss(chart, t, state, found()));
    });
    slopes.behind((chart) => {
      const t = samples(),
        gradients = view().map((w) => kink.gradient(t, w));
      const reach =
        1.2 * Math.max(...gradients.flatMap((slope) => [slope, WRONG[state.wrong].claim(slope)]).map(Math.abs), 0.4);
      if (chart.y[1] !== reach) chart.range({ y: [-reach, reach] });
      chart.axes();
      chart.inside(() => play.kinkPicture.drawSlopes(chart, t, state, WRONG[state.wrong].claim, found()));
    });
    graph.behind((chart) => {
      chart.axes();
      const both = found(),
        quotients = STEPS.map((h) => kink.centered(samples(), state.w, h));
      const [right, wrong] = [both.right, both.wrong].map(({ claimed }) =>
        STEPS.map((h, i) => [h, kink.relative(claimed, quotients[i])]),
      );
      chart.inside(() => play.kinkPicture.drawErrors(chart, right, wrong, state.h, distance(), both));
    });

    // ---- mouse, finger and keyboard ----
    play.drag(curve, {
      grab(w, y, near) {
        const { h } = state;
        if (near(state.w, kink.value(samples(), state.w))) return "w";
        return [-1, 1].find((side) => near(state.w + side * h, kink.value(samples(), state.w + side * h))) ?? null;
      },
      move(handle, w) {
        handle === "w" ? moveW(w) : moveH(handle * (w - state.w));
      },
      click: (w) => moveW(w),
    });
    play.drag(graph, {
      grab(h, y, near, event) {
        if (event.pointerType === "mouse") moveH(h);
        return event.pointerType === "mouse" || near(state.h, y) ? "h" : null;
      },
      move: (_handle, h) => moveH(h),
      click: (h) => moveH(h),
    });
    const nudge = (sign) => (event) => moveW(state.w + sign * (event.shiftKey ? 0.2 : 0.01));
    const multiply = (sign) => (event) => moveH(state.h * 10 ** (sign * (event.shiftKey ? 1 : 0.1)));
    play.keys(curve, { ArrowLeft: nudge(-1), ArrowRight: nudge(1), ArrowUp: multiply(1), ArrowDown: multiply(-1) });
    play.keys(graph, { ArrowLeft: multiply(-1), ArrowRight: multiply(1) });
    show();
  }

  const texts = (things) => Object.fromEntries(Object.entries(things).map(([key, { text }]) => [key, text]));
  const swatch = (colour, style) => [
    element("span", { class: "swatch", style: `border-color: var(${colour}); border-top-style: ${style}` }),
  ];

  // ---- words ----
  function showMixture(host, pieces, { numerical }, h) {
    const merged = pieces.filter(({ share }) => share > 0);
    const bar = element(
      "div",
      { class: "shares", "aria-hidden": "true" },
      ...merged.map(({ share, slope }, i) =>
        element(
          "span",
          { style: `flex-grow: ${share}`, class: i % 2 === 1 && "odd" },
          share > 0.3 ? `${Math.round(100 * share)} %: slope ${number(slope, 2)}` : "",
        ),
      ),
    );
    const terms = merged
      .slice(0, 4)
      .map(({ share, slope }) => `${number(share, 3)} · ${slope < 0 ? `(${number(slope, 3)})` : number(slope, 3)}`)
      .join(" + ");
    host.replaceChildren(
      element(
        "h3",
        {},
        merged.length === 1
          ? "The stencil lies on one straight piece"
          : `The stencil lies on ${merged.length} straight pieces`,
      ),
      bar,
      element("p", { class: "symbols" }, ...markup("centred difference = sum of share · slope")),
      element("p", { class: "numbers" }, `${terms}${merged.length > 4 ? " + …" : ""} = ${number(numerical)}`),
    );
  }

  function explain(t, w, h, { right, wrong }, pieces, distance) {
    const said = [];
    if (right.atKink) {
      const [left, after] = right.sides;
      said.push(
        `*w* is on the kink: every slope between ${number(left)} and ${number(after)} is a subgradient. gdfast's gradient counts a term only where it is > 0, and so claims ${number(right.claimed)}. The centred difference is between them for every *h*.`,
      );
    } else if (pieces.length > 1) {
      said.push(
        `${right.name === "KINKS" ? "KINKS" : "A kink is crossed"}: the kink is ${number(distance, 3)} away, within *h*. After kink correction the quotient is ${number(right.claimed)}, which is the gradient. It passes.`,
      );
      if (right.claimed === 0)
        said.push(
          "The slope itself is 0 here: by its own size nothing but rounding is left of it, and gdfast may say NOISE (not judged) where this is the only weight.",
        );
    } else
      said.push(
        `No kink within *h*: the next one is ${number(distance, 3)} away. The centred difference is the slope, to rounding.`,
      );
    said.push(
      {
        FAIL: "FAIL: no kink explains the wrong gradient's error, and no smaller *h* lets it fade.",
        KINKS: "At the kink even this gradient is between the two slopes: only off the kink is it seen to be wrong.",
        PASS: "The slope is 0 here, and so is the wrong one: a check at this *w* alone would not find the bug.",
      }[wrong.name],
    );
    return said;
  }
})((globalThis.play ??= {}));
