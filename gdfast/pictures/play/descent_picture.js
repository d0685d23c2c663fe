// Pictures of a run: the curve with its tangent or the map of contours, the loss against steps, the effect of the rate.
//
//   play.descentPicture(host)  -> { chart, show(run) };  play.lossPicture(host) -> { show(run) }
//   play.sweepPicture(host, choose) -> { show(run) }: choose(rate) when a rate is picked in it
//   run: { objective, method, rate, records, next, earlier (records of the last run), at (w that is drawn) }
(function (play) {
  "use strict";
  const LEVELS = 16;
  const STEPS = 30;
  const { number } = play;
  play.regimeColours = {
    creeping: "--purple",
    converging: "--green",
    converged: "--green",
    oscillating: "--orange",
    diverging: "--vermilion",
  };

  play.descentPicture = (host) => {
    let [run, drawn] = [null, null];
    const chart = play.chart(host, { x: [0, 1], y: [0, 1], height: 320 });
    const picture = {
      chart,
      show(given) {
        run = given;
        const { objective } = run;
        if (drawn === objective) return chart.redraw();
        drawn = objective;
        const isMap = objective.bounds.length === 2;
        chart.canvas.style.maxWidth = isMap ? "38rem" : "";
        chart.range({
          x: objective.bounds[0],
          y: isMap ? objective.bounds[1] : heights(objective),
          square: isMap,
          height: (width) => Math.max(240, Math.min(420, width * 0.62)),
          xName: isMap ? "x" : "w",
          yName: isMap ? "y" : "L(w)",
        });
        return chart.behind(isMap ? () => map(chart, objective) : () => curve(chart, objective));
      },
    };
    chart.front(() => {
      if (run === null) return;
      chart.inside(() => (run.objective.bounds.length === 2 ? onMap(chart, run) : onCurve(chart, run)));
      tellOutside(chart, run);
    });
    return picture;
  };

  function heights({ bounds: [[low, high]], value }) {
    const values = Array.from({ length: 201 }, (_, i) => value([low + (i * (high - low)) / 200]));
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return [least - 0.18 * (most - least), most + 0.02 * (most - least)];
  }

  // ---- what stays ----

  function curve(chart, objective) {
    chart.axes();
    const [low, high] = objective.bounds[0];
    chart.inside(() => {
      const points = Array.from({ length: 401 }, (_, i) => low + (i * (high - low)) / 400);
      chart.line(
        points.map((w) => [w, objective.value([w])]),
        { colour: "--grey", width: 3 },
      );
      if (objective.curvatures) return;
      const words = [
        ...objective.minima.map(([w], i) => [w, i === 0 ? "global minimum" : "local minimum", -20]),
        ...objective.maxima.map(([w]) => [w, "maximum", 14]),
        ...objective.saddles.map(([w]) => [w, "inflection", -22]),
      ];
      for (const [w, name, above] of words) {
        chart.dot(w, objective.value([w]), { colour: "--grey", fill: null, radius: 4 });
        chart.text(name, w, objective.value([w]), { colour: "--quiet", size: 12, above });
      }
    });
  }

  function map(chart, objective) {
    const [xs, ys] = objective.bounds;
    let most = 0;
    for (const x of xs) for (const y of ys) most = Math.max(most, Math.sqrt(objective.value([x, y])));
    const levels = Array.from({ length: LEVELS }, (_, i) => ((i * 0.8 * most) / (LEVELS - 1)) ** 2);
    play.contourMap(chart, (x, y) => objective.value([x, y]), levels.slice(1));
    chart.axes({ grid: false });
    for (const [x, y] of objective.minima) {
      chart.cross(x, y, { width: 2.5 });
      chart.text("minimum", x, y, { size: 12, above: -20 });
    }
    for (const [x, y] of objective.maxima) chart.text("maximum", x, y, { size: 12, colour: "--quiet" });
  }

  // ---- what moves ----

  function onCurve(chart, { objective, records, next, earlier, at, rate, method }) {
    const there = ({ w, value }) => [w[0], value];
    chart.line(earlier.map(there), { colour: "--grey", width: 1.5, dash: [4, 4] });
    trail(chart, records.map(there));
    const last = records.at(-1);
    const isAtRest = at === last.w;
    const height = isAtRest ? last.value : chordHeight(records, at);
    if (isAtRest) {
      tangent(chart, last);
      if (next.k > last.k) {
        chart.arrow([last.w[0], last.value], [next.w[0], last.value], { colour: "--vermilion", width: 2.5 });
        chart.line([[next.w[0], last.value], there(next)], { colour: "--vermilion", width: 1.5, dash: [2, 4] });
        chart.dot(...there(next), { colour: "--vermilion", fill: null, radius: 5 });
      }
    }
    chart.dot(records[0].w[0], records[0].value, { colour: "--ink", fill: null, radius: 7 });
    chart.dot(at[0], height, { colour: "--blue", radius: 7 });
  }

  function chordHeight(records, at) {
    const [before, last] = records.slice(-2);
    const part = (at[0] - before.w[0]) / (last.w[0] - before.w[0] || 1);
    return before.value + part * (last.value - before.value);
  }

  function tangent(chart, { w: [w], value, gradient: [slope] }) {
    const across = Math.abs(chart.toX(1) - chart.toX(0));
    const down = Math.abs(chart.toY(1) - chart.toY(0)) * slope;
    const half = 80 / Math.hypot(across, down);
    chart.line(
      [
        [w - half, value - half * slope],
        [w + half, value + half * slope],
      ],
      { colour: "--blue", width: 2 },
    );
    const place =
      Math.abs(down) < 0.2 * across
        ? { above: 14 } // nearly level: over the point
        : { align: slope > 0 ? "left" : "right", aside: slope > 0 ? 14 : -14, above: -18 }; // where the tangent is low
    chart.text(`slope ${number(slope)}`, w, value, { colour: "--blue", weight: 600, ...place });
  }

  function onMap(chart, { records, next, earlier, at }) {
    chart.line(
      earlier.map(({ w }) => w),
      { colour: "--ink", width: 1.5, dash: [4, 4], alpha: 0.6 },
    );
    trail(
      chart,
      records.map(({ w }) => w),
      at,
    );
    const last = records.at(-1);
    if (at === last.w) {
      const length = Math.hypot(...last.gradient);
      const unit = 46 / Math.abs(chart.toX(1) - chart.toX(0));
      if (length > 0) {
        const tip = last.w.map((element, i) => element - (unit * last.gradient[i]) / length);
        chart.arrow(last.w, tip, { colour: "--blue", width: 2.5 });
        const [across, up] = last.gradient.map((element) => (-16 * element) / length); // beyond the tip
        chart.text("−∇L", ...tip, { colour: "--blue", size: 12, aside: across, above: up - 4, weight: 600 });
      }
      if (next.k > last.k) {
        chart.arrow(last.w, next.w, { colour: "--vermilion", width: 2 });
        chart.dot(...next.w, { colour: "--vermilion", fill: null, radius: 5 });
      }
    }
    chart.dot(...records[0].w, { colour: "--ink", fill: null, radius: 7 });
    chart.dot(...at, { colour: "--blue", radius: 7 });
  }

  function trail(chart, points, at) {
    const shown = at && at !== points.at(-1) ? [...points.slice(0, -1), at] : points;
    chart.line(shown, { colour: "--paper", width: 4, alpha: 0.7 });
    chart.line(shown, { colour: "--ink", width: 1.5 });
    for (const point of points.slice(-200)) chart.dot(...point, { colour: "--ink", radius: 2.5 });
  }

  function tellOutside(chart, { objective, at }) {
    const isOutside = at.some((element, i) => element < objective.bounds[i][0] || element > objective.bounds[i][1]);
    if (!isOutside) return;
    const [x, y] = [(chart.x[0] + chart.x[1]) / 2, chart.y[1]];
    chart.text(`w = ${play.point(at)} lies outside of the picture`, x, y, {
      colour: "--vermilion",
      above: -20,
      weight: 600,
    });
  }

  // ---- the loss against steps ----

  play.lossPicture = (host) => {
    let run = null;
    const chart = play.chart(host, {
      x: [0, STEPS],
      y: [1e-6, 1],
      logY: true,
      height: 170,
      inert: true,
      xName: "steps",
      yName: "L − global minimum",
      label: "The loss against steps",
    });
    const rest = ({ objective }, record) => Math.max(record.value - objective.lowest, 1e-16);
    chart.behind(() => chart.axes());
    chart.front(() => {
      if (run === null) return;
      const points = (records) => records.map((record) => [record.k, rest(run, record)]);
      chart.inside(() => {
        chart.line(points(run.earlier), { colour: "--grey", width: 1.5, dash: [4, 4] });
        chart.line(points(run.records), { colour: "--blue", width: 2 });
        for (const [k, value] of points(run.records).slice(-200))
          chart.dot(k, value, { colour: "--blue", radius: 2.5 });
      });
    });
    return {
      show(given) {
        run = given;
        const all = [...run.records, ...run.earlier];
        const powers = all.map((record) => Math.log10(rest(run, record)));
        const top = Math.min(Math.floor(Math.max(...powers)) + 1, 12);
        const y = [10 ** Math.max(Math.min(Math.floor(Math.min(...powers)), top - 8), -13), 10 ** (top + 0.3)]; // steady at first
        const most = Math.max(...all.map((record) => record.k));
        const x = [0, [30, 60, 120, 250, 500, 1000].find((steps) => steps >= most) ?? most];
        const isSame = x[1] === chart.x[1] && y[0] === chart.y[0] && y[1] === chart.y[1];
        if (isSame) chart.redraw();
        else chart.range({ x, y });
        const last = run.records.at(-1);
        chart.says(
          `The loss against steps, logarithmic: ${number(rest(run, run.records[0]))} above the global minimum at the start, ${number(rest(run, last))} after ${last.k} steps.`,
        );
      },
    };
  };

  // ---- the effect of the learning rate ----

  play.sweepPicture = (host, choose) => {
    let [run, sweep, key] = [null, [], ""];
    const chart = play.chart(host, {
      x: [0.001, 1],
      y: [1e-6, 1],
      logX: true,
      logY: true,
      height: 166,
      inert: true,
      margin: { top: 42 },
      xName: "learning rate a",
      yName: `L − global minimum after ${STEPS} steps`,
      label: "The effect of the learning rate",
    });
    chart.behind(() => {
      bands(chart, sweep);
      chart.axes({ grid: false });
      if (run === null) return;
      const points = sweep.map(({ rate, value }) => [rate, Math.max(value - run.objective.lowest, chart.y[0])]);
      chart.inside(() =>
        chart.line(
          points.map(([a, value]) => [a, Math.min(value, chart.y[1] * 10)]),
          { colour: "--ink", width: 2 },
        ),
      );
    });
    chart.front(() => {
      if (run === null) return;
      chart.line(
        [
          [run.rate, chart.y[0]],
          [run.rate, chart.y[1]],
        ],
        { colour: "--blue", width: 2.5 },
      );
    });
    const caption = play.element("p", { class: "caption" });
    host.append(caption);
    play.drag(chart, {
      grab: (rate, _y, _near, event) => (event.pointerType === "mouse" ? (choose(rate), "rate") : null),
      move: (_, rate) => choose(rate),
      click: choose,
    });
    return {
      show(given) {
        run = given;
        const { objective, method, records } = run;
        const now = JSON.stringify([objective.name, method, records[0].w]);
        if (now === key) return chart.redraw();
        key = now;
        const [low, high] = objective.rates;
        const grid = Array.from({ length: 73 }, (_, i) => low * (high / low) ** (i / 72));
        const exact = Object.values(play.limits(objective, method) ?? {}).filter((rate) => rate > low && rate < high);
        const rates = [...grid, ...exact].sort((a, b) => a - b);
        sweep = play.sweep(objective, method, records[0].w, rates, STEPS);
        const start = Math.max(records[0].value - objective.lowest, 1e-6);
        const least = Math.max(Math.min(...sweep.map(({ value }) => value - objective.lowest)), 1e-10 * start);
        const words = described(sweep);
        chart.says(`The effect of the learning rate, from this start in ${STEPS} steps: ${words}.`);
        const many = regions(sweep);
        caption.textContent =
          many.length <= 5
            ? `From this start: ${words}.`
            : `From this start: by turns, and ${many.at(-1)[0]} above a = ${number(many.at(-2)[2], 2)}.`;
        return chart.range({
          x: [low, high],
          y: [10 ** Math.floor(Math.log10(least)), 10 ** (Math.floor(Math.log10(start)) + 1.5)],
        });
      },
    };
  };

  /** Consecutive rates of one regime: [name, first, last]. */
  function regions(sweep) {
    const found = [];
    for (const { rate, name } of sweep) {
      if (found.at(-1)?.[0] === name) found.at(-1)[2] = rate;
      else found.push([name, rate, rate]);
    }
    return found;
  }

  function bands(chart, sweep) {
    const found = regions(sweep);
    found.forEach(([name, low, high], i) => {
      const [from, to] = [
        i === 0 ? low : Math.sqrt(low * found[i - 1][2]),
        i === found.length - 1 ? high : Math.sqrt(high * found[i + 1][1]),
      ];
      chart.band(from, to, { colour: play.regimeColours[name] ?? "--grey", alpha: 0.22 });
      const width = chart.toX(to) - chart.toX(from);
      if (i > 0)
        chart.line(
          [
            [from, chart.y[0]],
            [from, chart.y[1]],
          ],
          { colour: "--grey", width: 1 },
        );
      if (width > 62) chart.text(name, Math.sqrt(from * to), chart.y[1], { size: 12, above: 5, halo: false });
    });
  }

  /** "creeping up to a = 0.025, converging up to 0.5, diverging beyond". */
  function described(sweep) {
    const found = regions(sweep);
    if (found.length === 1) return `${found[0][0]} at every rate`;
    return found
      .map(
        ([name, , high], i) =>
          `${name} ${i < found.length - 1 ? `up to ${i === 0 ? "a = " : ""}${number(high, 2)}` : "beyond"}`,
      )
      .join(", ");
  }
})((globalThis.play ??= {}));
