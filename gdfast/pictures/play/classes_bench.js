// Bench: three classes of points. Move the lines by hand or by gradient descent; each sample's terms, mini-batches and their noise.
(function (play) {
  "use strict";
  const { element, number, markup, losses, random, weightLines } = play;
  const [DRAWN, MOST_SAMPLES, MOST_STEPS] = [60, 60, 2000];
  const [SECONDS, JUMPS] = [0.07, 0.6]; // a step: usually, and where nothing may glide
  const CENTRES = [
    [-1.7, 0.9],
    [1.7, 1.1],
    [0.2, -1.4],
  ];
  const START = [
    [-0.3, -0.9, 0.9],
    [-0.9, 0.4, -0.8],
    [0.8, -0.5, -0.9],
  ];
  const NAMES = { hinge: "hinge", softmax: "softmax" };

  play.benches.push({ name: "classes", title: "Three classes: hinge and softmax", mount });

  function firstSamples() {
    const uniform = random.generator(11);
    const near = (centre) => centre.map((middle) => Number((middle + 0.55 * random.normal(uniform)).toFixed(2)));
    return CENTRES.flatMap((centre, y) => Array.from({ length: 5 }, () => ({ x: near(centre), y })));
  }

  const copy = (W) => W.map((row) => [...row]);
  /** At a distance from where the lines meet after a descent, each in another direction. */
  const firstHandles = (play.firstHandles = () =>
    CENTRES.map(([x, y]) => {
      const length = Math.hypot(x, y);
      return { anchor: [(1.1 * y) / length, (-1.1 * x) / length], direction: [x / length, y / length] };
    }));

  function mount(section) {
    const state = {
      W: copy(START),
      handles: firstHandles(),
      homes: firstHandles(), // a descent leaves each disc as near to its home as the line allows
      samples: firstSamples(),
      kind: "hinge",
      strength: 0,
      rate: 0.2,
      size: 0,
      history: [],
      selected: 0,
      target: "line 0",
      newClass: 0,
      cursor: [0, 0],
      draws: random.generator(1),
    };
    state.size = state.samples.length;
    const [pictures, panel, samples, lower] = Array.from({ length: 4 }, () => element("div"));
    section.append(
      element(
        "p",
        {},
        ...markup(
          "The score of a class is *s* = *w*_{1}*x*_{1} + *w*_{2}*x*_{2} + *b*. Its line is where *s* is 0; the arrow (*w*_{1}, *w*_{2}) points to where *s* rises. " +
            "The background shows the class of the largest score. Move the lines until every point is on its own colour, then let gradient descent do it.",
        ),
      ),
      element("div", { class: "bench" }, pictures, panel, samples, lower),
    );

    // ---- the pictures ----
    const status = element("p", { class: "status" });
    const plane = play.classesPlane(pictures);
    const buttons = element("div", { class: "buttons" });
    pictures.append(
      buttons,
      status,
      element(
        "p",
        { class: "caption" },
        "Drag a line or its disc to move it, an arrow's tip to turn and stretch it, a point to move it; click where nothing is to add a point. The arrow that starts at a tip is minus the gradient: there descent moves the tip. Outlined points have a loss; the ringed one is chosen.",
      ),
    );
    lower.append(element("h3", {}, "Minus the gradient of (w₁, w₂), class by class"));
    const panels = play.gradientPanels(lower);
    const noise = element("p", { class: "caption" });
    lower.append(noise);
    const curve = play.lossBySteps(lower);
    lower.append(
      element(
        "p",
        { class: "caption" },
        "Line: the objective of all samples. Dots: of the mini-batch that the step used.",
      ),
    );

    // ---- the controls ----
    play.choice(panel, {
      label: "Loss",
      options: NAMES,
      value: state.kind,
      onChange(kind) {
        state.kind = kind;
        restart();
      },
    });
    play.slider(panel, {
      label: "Strength of L2",
      low: 0,
      high: 10,
      step: 1,
      value: 0,
      format: (level) => number(strengthOf(level)),
      onInput(level) {
        state.strength = strengthOf(level);
        restart();
      },
    });
    play.slider(panel, {
      label: "Learning rate",
      low: 0.01,
      high: 5,
      value: state.rate,
      log: true,
      onInput(rate) {
        state.rate = rate;
      },
    });
    const batch = play.slider(panel, {
      label: "Mini-batch size",
      low: 1,
      high: state.size,
      step: 1,
      value: state.size,
      format: (size) => (size === state.samples.length ? `all ${size}` : `${size} of ${state.samples.length}`),
      onInput(size) {
        state.size = size;
        show();
      },
    });
    const stepButton = play.button(
      buttons,
      "Step",
      () => {
        pause();
        step();
        show();
      },
      { key: "Enter in the picture" },
    );
    const playButton = play.button(buttons, "Play", () => (animation.running ? pause() : startPlaying()), {
      primary: true,
      key: "Space in the picture",
    });
    play.button(buttons, "W = 0", () =>
      setWeights(
        START.map(() => [0, 0, 0]),
        firstHandles(),
      ),
    );
    play.button(buttons, "Random W", () =>
      setWeights(
        START.map((row) => row.map(() => Number((0.8 * random.normal(state.draws)).toFixed(2)))),
        firstHandles(),
      ),
    );
    const total = element("div", { class: "formula" });
    panel.append(total);
    const target = play.choice(panel, {
      label: "The arrow keys in the picture move",
      options: targetNames(),
      value: state.target,
      list: true,
      onChange(key) {
        state.target = key;
        show();
      },
    });
    const kindOfNew = play.choice(panel, {
      label: "Class of a new point",
      options: Object.fromEntries(play.CLASSES.map(({ name }, j) => [j, name])),
      value: "0",
      onChange(j) {
        state.newClass = Number(j);
        show();
      },
    });
    const edits = element("div", { class: "buttons" });
    panel.append(edits);
    const removeButton = play.button(edits, "Remove the chosen point", () => remove());
    play.button(edits, "First points and weights", () => {
      state.samples = firstSamples();
      state.selected = 0;
      resized();
      setWeights(copy(START), firstHandles());
    });
    const table = play.samplesTable(samples, (i) => choose(i === state.selected ? null : i));
    const say = play.announcer(section);
    play.questions(section, play.QUESTIONS.classes);

    // ---- what happens ----
    const evaluate = (rows = null) => losses.objective(state.kind, state.W, state.samples, state.strength, rows);

    function restart() {
      pause();
      state.history = [];
      show();
    }

    function setWeights(W, handles = state.handles) {
      state.W = W;
      state.homes = handles;
      state.handles = W.map((row, j) => weightLines.follow(row, handles[j], plane.room));
      restart();
    }

    function moved(j, { row, handle }) {
      state.W = state.W.map((old, i) => (i === j ? row : old));
      state.handles = state.handles.map((old, i) => (i === j ? handle : old));
      state.homes = state.handles;
      restart();
    }

    /** After samples came or went. */
    function resized() {
      state.size = state.samples.length;
      batch.limits(1, state.size);
      batch.set(state.size);
      restart();
    }

    function add(x) {
      if (state.samples.length >= MOST_SAMPLES) return;
      state.samples = [...state.samples, { x: x.map((number) => Number(number.toFixed(2))), y: state.newClass }];
      state.selected = state.samples.length - 1;
      resized();
    }

    function remove() {
      if (state.selected === null || state.samples.length <= 1) return;
      state.samples = state.samples.filter((_, i) => i !== state.selected);
      state.selected = null;
      resized();
    }

    function choose(i) {
      state.selected = i;
      show();
    }

    /** One step of gradient descent with a mini-batch; false where the gradient is 0. */
    function step() {
      const isFull = state.size === state.samples.length;
      const rows = isFull ? null : random.sample(state.samples.length, state.size, state.draws);
      const { gradient, value } = evaluate(rows);
      if (isFull && gradient.flat().every((g) => Math.abs(g) < 1e-9)) return false;
      state.W = losses.descended(state.W, gradient, state.rate);
      state.handles = state.W.map((row, j) => {
        const home = { anchor: state.homes[j].anchor, direction: state.handles[j].direction };
        return weightLines.follow(row, home, plane.room);
      });
      const last = state.history.at(-1);
      last.batch = isFull ? null : value;
      state.history.push({ k: last.k + 1, value: evaluate().value, batch: null });
      return true;
    }

    function show() {
      const found = (state.found = evaluate());
      if (state.history.length === 0) state.history.push({ k: 0, value: found.value, batch: null });
      state.scores = state.samples.map(({ x }) => losses.scores(state.W, x));
      const draws = random.generator(7); // the same batches as long as nothing changes
      const n = state.samples.length,
        isFull = state.size === n;
      const drawn = isFull
        ? []
        : play.miniBatches.gradients(
            (rows) => evaluate(rows).gradient,
            n,
            state.size,
            DRAWN,
            (all, m) => random.sample(all, m, draws),
          );
      plane.show(state);
      panels.show(found.gradient, drawn);
      curve.show(state.history);
      table.show(state);
      removeButton.disabled = state.selected === null || n <= 1;
      tell(found, drawn);
    }

    function tell(found, drawn) {
      const { k } = state.history.at(-1),
        right = Math.round(losses.accuracy(state.W, state.samples) * state.samples.length);
      const length = play.miniBatches.length(found.gradient),
        n = state.samples.length;
      const halted = length < 1e-9;
      const spread = drawn.length && !halted ? play.miniBatches.spread(drawn, found.gradient) : 0;
      status.textContent =
        `Step ${k}: ${right} of ${n} points have their own class as the largest score. L = ${number(found.value)}. ` +
        (halted ? "The gradient is 0: gradient descent halts here." : `|gradient| = ${number(length, 3)}.`);
      noise.textContent = drawn.length
        ? `Dots: minus the gradients of ${DRAWN} random mini-batches of ${state.size}. ${halted ? "" : `They spread around the full gradient (arrow) by ${number(spread, 2)} of its length.`}`
        : "All samples in every step: there is one gradient, and no noise. Choose a smaller mini-batch to see it.";
      const squares = state.W.reduce((sum, [first, second]) => sum + first * first + second * second, 0);
      total.replaceChildren(
        element("h3", {}, "Objective"),
        element("p", { class: "symbols" }, ...markup("*L* = mean of the losses + strength · sum of *w*^{2}")),
        element(
          "p",
          { class: "numbers" },
          `${number(found.value)} = ${number(found.dataLoss)} + ${number(state.strength)} · ${number(squares)}`,
        ),
      );
      const lines = state.W.map(
        (row, j) =>
          `class ${play.CLASSES[j].name}: w = (${number(row[0], 3)}, ${number(row[1], 3)}), b = ${number(row[2], 3)}`,
      ).join("; ");
      plane.chart.says(
        `${NAMES[state.kind]} loss of ${n} points of three classes. ${status.textContent} ${lines}. Arrow keys move ${targetNames()[state.target]}, Enter ${state.target === "point" ? "adds a point there" : "takes a step"}, Space plays, Delete removes the chosen point.`,
      );
      panels.chart.says(`Minus the gradient of the weights of each class. ${noise.textContent}`);
      curve.chart.says(`The objective by step, from ${number(state.history[0].value)} to ${number(found.value)}.`);
      if (!animation.running) say(`${status.textContent} ${drawn.length ? noise.textContent : ""}`);
    }

    // ---- playing ----
    let waited = 0;
    const animation = play.animation((_now, seconds) => {
      waited += seconds;
      if (waited < (play.movesLittle() ? JUMPS : SECONDS)) return;
      waited = 0;
      if (state.history.length > MOST_STEPS || !step()) pause();
      else show();
    });

    function startPlaying() {
      playButton.textContent = "Pause";
      animation.start();
    }

    function pause() {
      if (!animation.running) return;
      animation.stop();
      playButton.textContent = "Play";
      show();
    }

    // ---- mouse, finger and keyboard ----
    let grip = [0, 0]; // from the pointer to the handle
    const held = (name, at, x, y) => {
      grip = [at[0] - x, at[1] - y];
      return name;
    };
    const within = ([x, y]) => [Math.min(3.9, Math.max(-3.9, x)), Math.min(2.9, Math.max(-2.9, y))];
    play.drag(plane.chart, {
      grab(x, y, near, event) {
        const places = plane.targets(state);
        for (const part of ["tip", "anchor"]) {
          const j = places.findIndex((place) => near(...place[part]));
          if (j >= 0) return setTarget(held(`${part === "tip" ? "arrow" : "line"} ${j}`, places[j][part], x, y));
        }
        const i = state.samples.findLastIndex((sample) => near(...sample.x));
        if (i >= 0) {
          choose(i);
          return held(`sample ${i}`, state.samples[i].x, x, y);
        }
        const line =
          event.pointerType === "mouse" ? state.W.findIndex((row) => near(...weightLines.nearest(row, [x, y]))) : -1;
        return line < 0 ? null : setTarget(held(`line ${line}`, [x, y], x, y)); // a finger there scrolls the page
      },
      move: (handle, x, y) => moveTo(handle, within([x + grip[0], y + grip[1]])),
      click: (x, y) => add(within([x, y])),
    });

    function setTarget(name) {
      state.target = name;
      target.set(name);
      show();
      return name;
    }

    function moveTo(handle, to) {
      const [what, number] = handle.split(" "),
        j = Number(number);
      if (what === "line") moved(j, weightLines.moveAnchor(state.W[j], state.handles[j], to));
      if (what === "arrow")
        moved(j, weightLines.moveTip(state.W[j], { ...state.handles[j], anchor: plane.targets(state)[j].anchor }, to));
      if (what === "point") {
        state.cursor = to;
        show();
      }
      if (what === "sample") {
        state.samples = state.samples.map((sample, i) =>
          i === j ? { ...sample, x: to.map((value) => Number(value.toFixed(2))) } : sample,
        );
        restart();
      }
    }

    const nudge = (across, up) => (event) => {
      const by = event.shiftKey ? 0.5 : 0.1,
        [what, number] = state.target.split(" ");
      const places = plane.targets(state);
      const from = {
        point: () => state.cursor,
        chosen: () => state.samples[state.selected]?.x,
        line: () => places[number].anchor,
        arrow: () => places[number].tip,
      }[what]();
      if (!from) return;
      moveTo(
        what === "chosen" ? `sample ${state.selected}` : state.target,
        within([from[0] + by * across, from[1] + by * up]),
      );
    };
    play.keys(plane.chart, {
      ArrowLeft: nudge(-1, 0),
      ArrowRight: nudge(1, 0),
      ArrowDown: nudge(0, -1),
      ArrowUp: nudge(0, 1),
      Enter: () => (state.target === "point" ? add(state.cursor) : stepButton.click()),
      " ": () => playButton.click(),
      Delete: () => remove(),
    });
    state.handles = state.W.map((row, j) => weightLines.follow(row, state.handles[j], plane.room));
    show();
  }

  const strengthOf = (level) =>
    level === 0 ? 0 : [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1][level - 1];
  const targetNames = () => ({
    ...Object.fromEntries(
      play.CLASSES.flatMap(({ name }, j) => [
        [`line ${j}`, `the line of ${name}`],
        [`arrow ${j}`, `the arrow of ${name}`],
      ]),
    ),
    point: "a new point, which Enter adds",
    chosen: "the chosen point",
  });
})((globalThis.play ??= {}));
