// The pictures of the bench of three classes: points, regions and lines in the plane; gradients of mini-batches; the loss by step.
//
//   play.CLASSES                           [{ name, colour, shape }, ...]
//   play.classesPlane(host)                -> { chart, show(state), room, targets(state) }
//   play.gradientPanels(host)              -> { chart, show(full, drawn) }: minus the gradient of each class's weights
//   play.lossBySteps(host)                 -> { chart, show(history) }
(function (play) {
  "use strict";
  const VIEW = { left: -4, right: 4, bottom: -3, top: 3 };
  const room = { left: -2.6, right: 2.6, bottom: -1.9, top: 1.9 }; // where handles are, so that the arrows stay in the picture
  play.CLASSES = [
    { name: "A", colour: "--blue", shape: "circle" },
    { name: "B", colour: "--vermilion", shape: "square" },
    { name: "C", colour: "--green", shape: "triangle" },
  ];

  /** A class's mark: its shape tells it without colours. */
  const mark = (chart, x, y, kind, { radius = 6, fill = true, width = 1.5, outline = "--paper" } = {}) => {
    const { colour, shape } = play.CLASSES[kind],
      { pen } = chart;
    const [across, down] = [chart.toX(x), chart.toY(y)];
    pen.beginPath();
    if (shape === "circle") pen.arc(across, down, radius, 0, 2 * Math.PI);
    else if (shape === "square") pen.rect(across - 0.9 * radius, down - 0.9 * radius, 1.8 * radius, 1.8 * radius);
    else
      for (const [i, j] of [
        [0, -1.2],
        [1.1, 0.85],
        [-1.1, 0.85],
      ])
        pen.lineTo(across + i * radius, down + j * radius);
    pen.closePath();
    pen.fillStyle = play.colour(fill ? colour : "--paper");
    pen.fill();
    chart.stroke({ colour: fill ? outline : colour, width });
  };

  const ring = (chart, [x, y], radius, style) => {
    chart.pen.beginPath();
    chart.pen.arc(chart.toX(x), chart.toY(y), radius, 0, 2 * Math.PI);
    chart.stroke(style);
  };

  play.classesPlane = (host) => {
    const chart = play.chart(host, {
      x: [VIEW.left, VIEW.right],
      y: [VIEW.bottom, VIEW.top],
      xName: "x₁",
      yName: "x₂",
      square: true,
    });
    let state = null;

    /** Where each handle is: the middle of a class's line, and the tip of its arrow. */
    const targets = ({ W, handles }) => W.map((row, j) => play.weightLines.place(row, handles[j], room));

    const paintRegions = () => {
      const { pen } = chart;
      play.regions.decision(state.W, VIEW).forEach((polygon, j) => {
        pen.beginPath();
        for (const [x, y] of polygon) pen.lineTo(chart.toX(x), chart.toY(y));
        pen.closePath();
        Object.assign(pen, { fillStyle: play.colour(play.CLASSES[j].colour), globalAlpha: 0.13 });
        pen.fill();
        pen.globalAlpha = 1;
      });
    };

    const paintLine = (place, j) => {
      const { colour, name } = play.CLASSES[j],
        ends = play.regions.line(state.W[j], VIEW);
      const isHeld = state.target === `line ${j}` || state.target === `arrow ${j}`;
      if (ends) chart.line(ends, { colour, width: isHeld ? 3 : 2, dash: [[], [9, 5], [3, 4]][j] });
      chart.arrow(place.anchor, place.tip, { colour, width: isHeld ? 3.5 : 2.5, head: 13 });
      chart.dot(...place.anchor, {
        colour,
        radius: state.target === `line ${j}` ? 9 : 7,
        fill: place.outside ? "--paper" : true,
        width: 2.5,
      });
      chart.text(name, ...place.anchor, {
        colour: place.outside ? colour : "--paper",
        size: 11,
        above: -4,
        weight: 700,
        halo: false,
      });
      if (state.target === `arrow ${j}`) ring(chart, place.tip, 10, { colour, width: 2 });
    };

    chart.front(() => {
      if (!state) return;
      chart.inside(paintRegions);
      chart.axes({ grid: false });
      const places = targets(state);
      chart.inside(() => {
        places.forEach(paintLine);
        state.samples.forEach(({ x, y }, i) => {
          const isChosen = i === state.selected,
            loss = state.found.each[i];
          mark(chart, ...x, y, {
            radius: isChosen ? 8 : 6,
            outline: loss > 1e-3 ? "--ink" : "--paper",
            width: isChosen ? 3 : 1.75,
          });
          if (isChosen) ring(chart, x, 14, { width: 2 });
        });
        places.forEach(({ tip }, j) => {
          // where a descent moves the tip: minus the gradient of (w1, w2)
          const [first, second] = state.found.gradient[j];
          chart.arrow(tip, [tip[0] - 0.5 * first, tip[1] - 0.5 * second], { colour: "--ink", width: 2, head: 9 });
        });
        if (state.target === "point") {
          mark(chart, ...state.cursor, state.newClass, { fill: false, width: 2 });
          chart.cross(...state.cursor, { radius: 14, width: 1 });
        }
      });
    });
    return {
      chart,
      room,
      targets,
      view: VIEW,
      show(next) {
        state = next;
        chart.redraw();
      },
    };
  };

  const nice = (size) => {
    // so that the scale does not change with every step
    const power = 10 ** Math.floor(Math.log10(size));
    return power * [1, 1.5, 2, 3, 4, 5, 7, 10].find((factor) => factor * power >= size);
  };

  play.gradientPanels = (host) => {
    const chart = play.chart(host, {
      x: [-3.3, 3.3],
      y: [-1, 1],
      square: true,
      inert: true,
      margin: { left: 4, right: 4 },
    });
    let full = null,
      drawn = [],
      reach = 1;
    chart.front(() => {
      if (!full) return;
      play.CLASSES.forEach(({ name, colour }, j) => {
        const middle = 2.2 * (j - 1) * reach;
        chart.line(
          [
            [middle - reach, 0],
            [middle + reach, 0],
          ],
          { colour: "--rule", width: 1 },
        );
        chart.line(
          [
            [middle, -reach],
            [middle, reach],
          ],
          { colour: "--rule", width: 1 },
        );
        for (const gradient of drawn)
          chart.dot(middle - gradient[j][0], -gradient[j][1], { colour, radius: 2.5, alpha: 0.65 });
        chart.arrow([middle, 0], [middle - full[j][0], -full[j][1]], { colour: "--ink", width: 2.5, head: 10 });
        chart.text(play.number(reach), middle + reach, 0, { colour: "--quiet", size: 11, align: "right", above: 4 });
        chart.text(name, middle - 0.9 * reach, 0.85 * reach, { colour, weight: 700, align: "left", above: -4 });
      });
    });
    return {
      chart,
      show(gradient, batches) {
        [full, drawn] = [gradient, batches];
        const largest = Math.max(
          1e-3,
          ...[full, ...drawn].flatMap((each) =>
            each.map(([first, second]) => Math.max(Math.abs(first), Math.abs(second))),
          ),
        );
        const wanted = nice(largest);
        if (wanted !== reach) {
          reach = wanted;
          chart.range({ x: [-3.3 * reach, 3.3 * reach], y: [-reach, reach] });
        }
        chart.redraw();
      },
    };
  };

  play.lossBySteps = (host) => {
    const chart = play.chart(host, {
      x: [0, 20],
      y: [0, 1],
      xName: "step",
      yName: "objective L",
      inert: true,
      height: 190,
    });
    let history = [];
    chart.behind(() => chart.axes());
    chart.front(() =>
      chart.inside(() => {
        for (const { k, batch } of history) if (batch !== null) chart.dot(k, batch, { colour: "--orange", radius: 2 });
        chart.line(
          history.map(({ k, value }) => [k, value]),
          { colour: "--ink", width: 2.5 },
        );
        const last = history.at(-1);
        if (last) chart.dot(last.k, last.value, { colour: "--ink", radius: 4 });
      }),
    );
    return {
      chart,
      show(next) {
        history = next;
        const across = Math.max(20, 2 ** Math.ceil(Math.log2(history.at(-1).k / 20)) * 20);
        const top = nice(1.02 * Math.max(0.1, ...history.map(({ value }) => value)));
        if (chart.x[1] !== across || chart.y[1] !== top) chart.range({ x: [0, across], y: [0, top] });
        chart.redraw();
      },
    };
  };
})((globalThis.play ??= {}));
