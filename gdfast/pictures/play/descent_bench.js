// Bench: descent on a function. Choose a start, a method and a learning rate; step, play, and see why it ends where it does.
(function (play) {
  "use strict";
  const MOST_STEPS = 1000;
  const LEAP = 30; // steps at once
  const [SLOWEST, FASTEST, JUMPS] = [0.35, 0.06, 0.6]; // seconds a step: at first, later, where nothing may glide
  const { element, number, point, markup } = play;

  play.benches.push({ name: "descent", title: "Descent, step by step", mount });

  function mount(section) {
    const run = {
      objective: play.functions.parabola,
      method: "gradient_descent",
      rate: 0.1,
      records: [],
      earlier: [],
      next: null,
      at: null,
    };
    let start = run.objective.start;

    const pictures = element("div", { class: "picture" });
    const panel = element("div", { class: "panel" });
    const below = element("div", { class: "below" });
    section.append(
      element(
        "p",
        {},
        ...markup(
          "Choose a start: click into the picture, drag, or focus the picture and use the arrow keys. The red arrow is the next step.",
        ),
      ),
      element("div", { class: "bench" }, pictures, panel, below),
    );

    // ---- the pictures ----
    const picture = play.descentPicture(pictures);
    const caption = element("p", { class: "caption" });
    const status = element("p", { class: "status" });
    const buttons = element("div", { class: "buttons" });
    pictures.append(caption, buttons, status);
    const loss = play.lossPicture(below);
    below.append(element("p", { class: "caption" }, "Solid: this run. Dashed: the last one, for comparison."));
    const table = element("tbody");
    const details = element(
      "details",
      { ontoggle: () => fillTable() },
      element("summary", {}, "The numbers of this run"),
      element(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "The numbers of this run" },
        play.table(["step", "w", "L(w)", "largest |gradient|"], table),
      ),
    );
    below.append(details);

    // ---- the controls ----
    const names = (things) => Object.fromEntries(Object.entries(things).map(([key, { name }]) => [key, name]));
    play.choice(panel, {
      label: "Function",
      options: names(play.functions),
      value: "parabola",
      onChange: chooseFunction,
    });
    play.choice(panel, {
      label: "Method",
      options: names(play.methods),
      value: run.method,
      list: true,
      onChange(method) {
        run.method = method;
        restart();
      },
    });
    const rate = play.slider(panel, {
      label: "Learning rate *a*",
      low: run.objective.rates[0],
      high: run.objective.rates[1],
      value: run.rate,
      log: true,
      onInput: chooseRate,
    });
    const sweep = play.sweepPicture(panel, (wanted) => {
      rate.set(Number(wanted.toPrecision(2)));
      chooseRate(rate.value);
    });
    const stepButton = play.button(
      buttons,
      "Step",
      () => {
        pause();
        step();
        settle();
      },
      { key: "Enter in the picture" },
    );
    const playButton = play.button(buttons, "Play", () => (animation.running ? pause() : startPlaying()), {
      primary: true,
      key: "Space in the picture",
    });
    const leapButton = play.button(buttons, `${LEAP} steps`, () => {
      pause();
      for (let i = 0; i < LEAP && step(); i += 1);
      settle();
    });
    play.button(buttons, "Reset", () => restart(), { key: "Backspace in the picture" });
    const formula = element("div");
    panel.append(element("div", { class: "formula" }, element("h3", {}, "The next step"), formula));
    const regimeName = element("h3");
    const regimeText = element("div");
    const regime = element("div", { class: "regime" }, regimeName, regimeText);
    panel.append(regime);
    const say = play.announcer(section);
    play.questions(section, QUESTIONS);

    // ---- what happens ----
    function describe(objective) {
      caption.replaceChildren(
        ...markup(
          `${objective.formula}. ${objective.bounds.length === 1 ? "Blue: the tangent, whose slope is *L*′." : "Lines: equal steps of √*L*. Blue: against the gradient."} Ring: the start. Red: the next step.`,
        ),
      );
    }

    function chooseFunction(key) {
      run.objective = play.functions[key];
      describe(run.objective);
      start = run.objective.start;
      run.rate = run.objective.rate;
      rate.limits(...run.objective.rates);
      rate.set(run.rate);
      run.records = [];
      run.earlier = [];
      restart();
    }

    function chooseRate(wanted) {
      run.rate = wanted;
      restart();
    }

    function restart() {
      pause();
      if (run.records.length > 1) run.earlier = run.records;
      run.records = [play.firstPoint(run.objective, run.method, start)];
      settle();
    }

    function place(w) {
      start = w.map((element, i) => {
        const [low, high] = run.objective.bounds[i];
        return Math.min(high, Math.max(low, Number(element.toPrecision(3))));
      });
      restart();
    }

    function step() {
      const last = run.records.at(-1);
      const next = play.nextPoint(run.objective, run.method, last, run.rate);
      if (next.k === last.k) run.records[run.records.length - 1] = next;
      else run.records.push(next);
      return next.k > last.k;
    }

    /** Show the run at rest: pictures, numbers and words. */
    function settle() {
      const last = run.records.at(-1);
      run.at = last.w;
      run.next = play.nextPoint(run.objective, run.method, last, run.rate);
      show();
      const found = play.regime(run.objective, run.method, run.rate, run.records);
      say(`${status.textContent} ${found.name}. ${regimeText.textContent}`);
    }

    function show() {
      const last = run.records.at(-1);
      picture.show(run);
      loss.show(run);
      sweep.show(run);
      const isCurve = last.w.length === 1;
      const gradient = isCurve ? `slope ${number(last.gradient[0])}` : `gradient ${point(last.gradient)}`;
      status.textContent = `Step ${last.k}: w = ${point(last.w)}, L = ${number(last.value)}, ${gradient}.`;
      picture.chart.says(
        `${run.objective.name}, ${play.methods[run.method].name}. ${status.textContent} Arrow keys move the start, Enter takes a step, Space plays, Backspace resets.`,
      );
      const lines = play.formula(run.objective, run.method, last, run.next, run.rate);
      formula.replaceChildren(
        ...(lines.length ? lines : [["The run has ended: there is no next step.", ""]]).flatMap(
          ([symbols, numbers]) => [
            element("p", { class: "symbols" }, ...markup(symbols)),
            element("p", { class: "numbers" }, ...markup(numbers)),
          ],
        ),
      );
      const found = play.regime(run.objective, run.method, run.rate, run.records);
      regime.style.borderColor = play.regimeColours[found.name]
        ? `var(${play.regimeColours[found.name]})`
        : "transparent";
      regimeName.textContent = `Regime: ${found.name}`;
      regimeText.replaceChildren(...found.sentences.map((sentence) => element("p", {}, ...markup(sentence))));
      for (const button of [stepButton, playButton, leapButton]) button.disabled = last.ending !== null;
      fillTable();
    }

    function fillTable() {
      if (!details.open) return;
      const rows = run.records.slice(-100).map(({ k, w, value, norm }) => [k, point(w), number(value), number(norm)]);
      table.replaceChildren(
        ...rows.map(([k, ...cells]) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, String(k)),
            ...cells.map((cell) => element("td", {}, cell)),
          ),
        ),
      );
    }

    // ---- playing ----
    let part = 1; // of the step that is being drawn
    const animation = play.animation((_now, seconds) => {
      const still = play.movesLittle();
      const { length } = run.records;
      const duration = still ? JUMPS : Math.max(FASTEST, SLOWEST * 0.96 ** length);
      part += seconds / duration;
      if (part >= 1) {
        part = 0;
        if (length > MOST_STEPS || !step()) return pause();
        run.next = run.records.at(-1);
        run.at = still ? run.records.at(-1).w : run.records.at(-2).w;
        show();
      }
      if (!still) {
        const [before, last] = run.records.slice(-2);
        run.at = before.w.map((element, i) => element + part * (last.w[i] - element));
        picture.chart.redraw();
      }
      return undefined;
    });

    function startPlaying() {
      part = 1;
      playButton.textContent = "Pause";
      animation.start();
    }

    function pause() {
      if (!animation.running) return;
      animation.stop();
      playButton.textContent = "Play";
      settle();
    }

    // ---- mouse, finger and keyboard ----
    const near = (x, y) => (run.objective.bounds.length === 2 ? [x, y] : [x]);
    play.drag(picture.chart, {
      grab(x, y, isNear, event) {
        const [w, value] =
          run.objective.bounds.length === 2 ? run.records[0].w : [run.records[0].w[0], run.records[0].value];
        if (event.pointerType === "mouse") place(near(x, y));
        return event.pointerType === "mouse" || isNear(w, value) ? "start" : null;
      },
      move: (_handle, x, y) => place(near(x, y)),
      click: (x, y) => place(near(x, y)),
    });
    const nudge = (axis, sign) => (event) => {
      if (axis >= start.length) return;
      const [low, high] = run.objective.bounds[axis];
      const by = ((high - low) / (event.shiftKey ? 10 : 80)) * sign;
      place(start.map((element, i) => (i === axis ? element + by : element)));
    };
    play.keys(picture.chart, {
      ArrowLeft: nudge(0, -1),
      ArrowRight: nudge(0, 1),
      ArrowDown: nudge(1, -1),
      ArrowUp: nudge(1, 1),
      Enter: () => stepButton.click(),
      " ": () => playButton.click(),
      Backspace: () => restart(),
    });
    describe(run.objective);
    restart();
  }

  const QUESTIONS = [
    [
      "On *L* = *w*^{2}: from which learning rate on does gradient descent diverge, and why just there?",
      "From *a* = 1 on. A step multiplies *w* by 1 − 2*a*. That is between −1 and 1 for 0 < *a* < 1, so *w* shrinks; with *a* = 0.5 it is 0, and one step suffices; with *a* = 1 it is −1, and *w* jumps between 3 and −3 for ever. In general the limit is 2 / (largest curvature).",
    ],
    [
      "On the bumpy curve with *a* = 0.5: start at −1.5, then at −0.5. Where does each run end? Does momentum change it?",
      "From −1.5 the run ends at the global minimum, −3. From −0.5 the curve falls to the right, and gradient descent creeps towards the inflection at 1, where the slope vanishes: after 1,000 steps it stands at 0.987. Momentum carries it over that flat place to the local minimum at 3, but not back to the global one: the start decides.",
    ],
    [
      "On the ill-conditioned bowl: why is gradient descent slow at every learning rate? What does RMSProp do about it?",
      "The curvature is 1 along *x* and 25 along *y*. Above *a* = 2/25 = 0.08 the run diverges along *y*, and below it *x* loses less than 8 % a step; the best is *a* = 2/(1 + 25) = 0.077. RMSProp divides each element of the gradient by its own size, so both axes move alike: with *a* = 0.3 it arrives in 22 steps. That works so well because the contours are stretched along an axis.",
    ],
  ];
})((globalThis.play ??= {}));
