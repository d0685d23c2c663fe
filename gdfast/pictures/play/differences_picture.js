// The pictures of the bench of h: the function with its secants, what the tangent misses, the errors against h.
(function (play) {
  "use strict";
  const { number, differences } = play;
  const [LARGEST, SMALLEST, PER_DECADE] = [1e-1, 1e-15, 8];
  const HS = differences.steps(LARGEST, SMALLEST, PER_DECADE);
  const LOWEST_ERROR = 1e-17; // errors of 0 are drawn here
  const STYLES = {
    forward: { name: "forward", colour: "--vermilion", dash: [7, 4] },
    centered: { name: "centred", colour: "--blue", dash: [] },
  };

  function wholeRange({ f, from, to }) {
    const values = Array.from({ length: 101 }, (_, i) => f(from + (i / 100) * (to - from)));
    const [low, high] = [Math.min(...values), Math.max(...values)],
      pad = 0.15 * (high - low);
    return { x: [from, to], y: [low - pad, high + pad] };
  }

  function drawCurve(chart, own, { x, found }) {
    if (!found) return;
    const [left, right] = chart.x,
      here = own.f(x);
    const through = (x0, y0, slope) => [
      [left, y0 + slope * (left - x0)],
      [right, y0 + slope * (right - x0)],
    ];
    chart.inside(() => {
      chart.line(
        Array.from({ length: 301 }, (_, i) => left + (i / 300) * (right - left)).map((at) => [at, own.f(at)]),
        { width: 2.5 },
      );
      chart.line(through(x, here, own.derivative(x)), { colour: "--quiet", width: 2, dash: [2, 4] });
      for (const scheme of ["forward", "centered"]) {
        const { low, behind, value } = found[scheme];
        chart.line(through(low, behind, value), { colour: STYLES[scheme].colour, width: 2, dash: STYLES[scheme].dash });
      }
      const { high, low, ahead, behind } = found.centered;
      for (const [at, height] of [
        [low, behind],
        [high, ahead],
      ])
        chart.dot(at, height, { colour: "--blue", radius: 4 });
      chart.dot(found.forward.high, found.forward.ahead, { colour: "--vermilion", radius: 6, fill: false });
      chart.dot(x, here, { colour: "--ink", radius: 6, fill: "--paper" });
    });
  }

  /** Around the point, in units of h: by how much f's values, as the computer has them, miss the tangent. */
  function missed({ f, derivative }, { x, h }) {
    const here = f(x),
      slope = derivative(x);
    return (at) => [(at - x) / h, (f(at) - here) / h - slope * ((at - x) / h)];
  }

  const nice = (size) => {
    const power = 10 ** Math.floor(Math.log10(size));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= size * 0.999);
  };

  function missedCurve(own, state) {
    const miss = missed(own, state);
    const points = Array.from({ length: 361 }, (_, i) => miss(state.x + (i / 100 - 1.8) * state.h));
    const reach = nice(1.1 * Math.max(1e-17, ...points.map(([, height]) => Math.abs(height))));
    return { points, reach };
  }

  function drawMissed(chart, own, state, points) {
    if (!state.found) return;
    const { forward, centered } = state.found,
      miss = missed(own, state),
      [left, right] = chart.x;
    const secant = ([x0, y0], [x1, y1], style) => {
      const slope = (y1 - y0) / (x1 - x0);
      chart.line(
        [
          [left, y0 + slope * (left - x0)],
          [right, y0 + slope * (right - x0)],
        ],
        style,
      );
    };
    chart.inside(() => {
      chart.line(
        [
          [left, 0],
          [right, 0],
        ],
        { colour: "--quiet", width: 2, dash: [2, 4] },
      );
      chart.line(points, { width: 2 });
      const [here, ahead, low, high] = [state.x, forward.high, centered.low, centered.high].map(miss);
      secant(here, ahead, { ...STYLES.forward, width: 2 });
      secant(low, high, { ...STYLES.centered, width: 2 });
      for (const end of [low, high]) chart.dot(...end, { colour: "--blue", radius: 4 });
      chart.dot(...ahead, { colour: "--vermilion", radius: 6, fill: false });
      chart.dot(...here, { colour: "--ink", radius: 6, fill: "--paper" });
    });
  }

  const drawable = (error) => Math.max(error, LOWEST_ERROR);

  function drawErrors(chart, own, x, sweep) {
    if (!sweep.forward) return;
    chart.axes();
    chart.inside(() => {
      for (const scheme of ["forward", "centered"]) {
        const { colour, dash } = STYLES[scheme];
        for (const part of ["truncation", "cancellation"]) {
          if (part === "cancellation" && scheme === "forward") continue; // nearly the same line
          chart.line(
            [LARGEST, SMALLEST].map((h) => [h, differences.parts(scheme, own, x, h)[part] || NaN]),
            { colour, width: 1, alpha: 0.7 },
          );
        }
        chart.line(
          HS.map((h, i) => [h, drawable(sweep[scheme].error[i])]),
          { colour, width: 2.5, dash },
        );
      }
    });
    for (const scheme of ["forward", "centered"]) {
      const { colour } = STYLES[scheme],
        h = HS[sweep[scheme].best],
        error = drawable(sweep[scheme].error[sweep[scheme].best]);
      diamond(chart, h, error, colour);
      chart.text(`best h ${number(h, 1)}`, h, error, { colour, above: scheme === "forward" ? 14 : -20, size: 12 });
    }
    const isNarrow = chart.width < 500; // there the words stand under the line, at the edge
    name(chart, own, x, "forward", "truncation ~ h", 3e-3, 3e-3, 10);
    name(chart, own, x, "centered", "truncation ~ h²", isNarrow ? LARGEST : 2e-3, isNarrow ? 1e-6 : 2e-3, -18);
    const h = 1e-12,
      { cancellation } = differences.parts("centered", own, x, h);
    if (cancellation < 3)
      chart.text("cancellation ~ 1 / h", h, cancellation, { align: "left", aside: 14, above: 10, size: 12 });
  }

  function name(chart, own, x, scheme, words, at, h, above) {
    const { truncation } = differences.parts(scheme, own, x, h);
    if (truncation > LOWEST_ERROR)
      chart.text(words, at, truncation, { colour: STYLES[scheme].colour, align: "right", aside: -16, above, size: 12 });
  }

  function diamond(chart, x, y, colour) {
    const [across, down] = [chart.toX(x), chart.toY(y)],
      { pen } = chart;
    pen.beginPath();
    for (const [i, j] of [
      [0, -7],
      [7, 0],
      [0, 7],
      [-7, 0],
    ])
      pen.lineTo(across + i, down + j);
    pen.closePath();
    pen.fillStyle = play.colour("--paper");
    pen.fill();
    chart.stroke({ colour, width: 2 });
  }

  function drawStep(chart, { x, h, found }, own) {
    if (!found) return;
    chart.line(
      [
        [h, LOWEST_ERROR],
        [h, 10],
      ],
      { colour: "--ink", width: 1.5 },
    );
    const exact = own.derivative(x),
      scale = Math.abs(exact) || 1;
    for (const scheme of ["forward", "centered"]) {
      const error = Math.abs(found[scheme].value - exact) / scale;
      if (!Number.isNaN(error))
        chart.dot(h, Math.min(10, drawable(error)), { colour: STYLES[scheme].colour, radius: 5 });
    }
  }

  play.differencesPicture = {
    ...{ STYLES, HS, LARGEST, SMALLEST, PER_DECADE, LOWEST_ERROR },
    ...{ wholeRange, drawCurve, missedCurve, drawMissed, drawErrors, drawStep },
  };
})((globalThis.play ??= {}));
