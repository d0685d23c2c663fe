// The next step of a method in symbols, and the same with the numbers of now; no document is needed.
//
//   play.formula(objective, method, record, next, rate) -> [[symbols, numbers], ...], texts for play.markup;
//     next is what play.nextPoint makes of the record
(function (play) {
  "use strict";
  const { number, point } = play;
  const factor = (w) => (w.length === 1 && w[0] < 0 ? `(${point(w)})` : point(w)); // behind a sign

  function descent({ w, gradient }, next, rate, slope) {
    return [[`*w* ← *w* − *a* · ${slope}`, `${point(w)} − ${number(rate)} · ${factor(gradient)} = ${point(next.w)}`]];
  }

  function velocity({ state, gradient }, next, slope) {
    const numbers = `0.9 · ${factor(state.velocity)} + ${factor(gradient)} = ${point(next.state.velocity)}`;
    return [`*v* ← 0.9 *v* + ${slope}`, numbers];
  }

  const square =
    (decay, rest) =>
    ({ state, gradient }, next) => {
      const squares = `${rest} · ${factor(gradient)}²`;
      return [
        `*s* ← ${decay} *s* + ${rest} *g*^{2}`,
        `${decay} · ${factor(state.square)} + ${squares} = ${point(next.state.square)}`,
      ];
    };

  const rules = {
    gradient_descent: descent,
    momentum: (record, next, rate, slope) => [
      velocity(record, next, slope),
      [
        "*w* ← *w* − *a* · *v*",
        `${point(record.w)} − ${number(rate)} · ${factor(next.state.velocity)} = ${point(next.w)}`,
      ],
    ],
    nesterov: (record, next, rate, slope) => [
      velocity(record, next, slope),
      [
        `*w* ← *w* − *a* · (${slope} + 0.9 *v*)`,
        `${point(record.w)} − ${number(rate)} · ${factor(next.direction.map((d) => -d))} = ${point(next.w)}`,
      ],
    ],
    rmsprop: (record, next, rate, slope) => [
      square("0.99", "0.01")(record, next),
      [
        `*w* ← *w* − *a* · *g* / (√*s* + 10⁻⁸), *g* = ${slope}`,
        `${point(record.w)} − ${number(rate)} · ${factor(record.gradient)} / ${point(next.state.square.map(Math.sqrt))} = ${point(next.w)}`,
      ],
    ],
    adam(record, next, rate, slope) {
      const { mean, steps } = next.state;
      const [meanShare, squareShare] = [1 - play.settings.BETA1 ** steps, 1 - play.settings.BETA2 ** steps];
      const corrected = mean.map((m) => m / meanShare);
      const root = next.state.square.map((s) => Math.sqrt(s / squareShare));
      return [
        [
          "*m* ← 0.9 *m* + 0.1 *g*",
          `0.9 · ${factor(record.state.mean)} + 0.1 · ${factor(record.gradient)} = ${point(mean)}`,
        ],
        square("0.999", "0.001")(record, next),
        [
          `divide by 1 − 0.9^{${steps}} and 1 − 0.999^{${steps}}: *m̂*, *ŝ*`,
          `*m̂* = ${point(corrected)}, √*ŝ* = ${point(root)}`,
        ],
        [
          `*w* ← *w* − *a* · *m̂* / (√*ŝ* + 10⁻⁸), *g* = ${slope}`,
          `${point(record.w)} − ${number(rate)} · ${factor(next.direction.map((d) => -d))} = ${point(next.w)}`,
        ],
      ];
    },
    line_search(record, next, rate, slope) {
      const told = next.trials.length > 4 ? [...next.trials.slice(0, 2), null, next.trials.at(-1)] : next.trials;
      const tried = told.map((trial) =>
        trial === null ? "…" : `${number(trial.step)}: *L* = ${number(trial.value)} ${trial.falls ? "✓ taken" : "✗"}`,
      );
      const taken = descent(record, next, next.rate, slope);
      return [
        [`*a* is the first of ${number(rate)}, ${number(rate / 2)}, … that lowers *L* enough`, tried.join("; ")],
        ...taken,
      ];
    },
  };

  play.formula = (objective, method, record, next, rate) => {
    if (record.ending !== null || next.k === record.k) return [];
    return rules[method](record, next, rate, record.w.length === 1 ? "*L*′(*w*)" : "∇*L*(*w*)");
  };
})((globalThis.play ??= {}));
