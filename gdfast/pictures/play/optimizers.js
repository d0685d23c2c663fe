// Descent as gdfast does it, update by update; no document is needed.
//
//   play.methods             { key: { name, init(w), update(gradient, state) -> [direction, state], searches } }
//   play.firstPoint(objective, method, w)                -> the record of w_0
//   play.nextPoint(objective, method, record, rate)      -> the record after one more step; of an ended run: the same
//   play.run(objective, method, w, rate, steps)          -> records of w_0, w_1, ...; the last one says why it ended
// A record: { k, w, value, gradient, norm (largest |element|), state, ending, direction, rate, trials, next }, where
// direction, rate and trials are those of the step that led to it. ending: null, "converged" (every element of the
// gradient is within 1e-6 of zero), "diverged" (not finite: w is the last finite point) or "no descent" (line search).
(function (play) {
  "use strict";
  const GTOL = 1e-6;
  const [MOMENTUM, DECAY, BETA1, BETA2, EPS] = [0.9, 0.99, 0.9, 0.999, 1e-8];
  const [SHRINK, SUFFICIENT, TRIALS, ROUNDING] = [0.5, 1e-4, 1000, 2 ** -53]; // of gd.Backtracking
  play.settings = { MOMENTUM, DECAY, BETA1, BETA2, EPS, SHRINK, SUFFICIENT, GTOL };

  const zeros = (w) => w.map(() => 0);
  const velocityAfter = (gradient, { velocity }) => gradient.map((g, i) => MOMENTUM * velocity[i] + g);
  const squareAfter = (gradient, { square }, decay) => gradient.map((g, i) => g * g * (1 - decay) + decay * square[i]);
  const steepest = { init: () => ({}), update: (gradient) => [gradient.map((g) => -g), {}] };

  play.methods = {
    gradient_descent: { name: "gradient descent", ...steepest },
    momentum: {
      name: "momentum",
      init: (w) => ({ velocity: zeros(w) }),
      update(gradient, state) {
        const velocity = velocityAfter(gradient, state);
        return [velocity.map((v) => -v), { velocity }];
      },
    },
    nesterov: {
      name: "Nesterov's momentum",
      init: (w) => ({ velocity: zeros(w) }),
      update(gradient, state) {
        const velocity = velocityAfter(gradient, state);
        return [velocity.map((v, i) => -MOMENTUM * v - gradient[i]), { velocity }];
      },
    },
    rmsprop: {
      name: "RMSProp",
      init: (w) => ({ square: zeros(w) }),
      update(gradient, state) {
        const square = squareAfter(gradient, state, DECAY);
        return [gradient.map((g, i) => -g / (Math.sqrt(square[i]) + EPS)), { square }];
      },
    },
    adam: {
      name: "Adam",
      init: (w) => ({ mean: zeros(w), square: zeros(w), steps: 0 }),
      update(gradient, state) {
        const steps = state.steps + 1;
        const mean = gradient.map((g, i) => BETA1 * state.mean[i] + (1 - BETA1) * g);
        const square = squareAfter(gradient, state, BETA2);
        const correction = Math.sqrt(1 - BETA2 ** steps);
        const direction = mean.map((m, i) => m / (Math.sqrt(square[i]) / correction + EPS) / (BETA1 ** steps - 1));
        return [direction, { mean, square, steps }];
      },
    },
    line_search: { name: "line search", searches: true, ...steepest },
  };

  const moved = (w, step, direction) => w.map((element, i) => element + step * direction[i]);
  const largest = (vector) => Math.max(...vector.map(Math.abs));
  const isFinite = (w) => w.every(Number.isFinite);

  /** Armijo's rule: rate, rate / 2, rate / 4, ... until L falls by a share of what its slope promises. */
  function backtrack(objective, { w, value, gradient }, direction, rate) {
    const slope = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
    const trials = [];
    for (
      let step = rate;
      slope < 0 && -step * slope > ROUNDING * Math.abs(value) && trials.length < TRIALS;
      step *= SHRINK
    ) {
      const there = objective.value(moved(w, step, direction));
      const falls = Number.isFinite(there) && there < value && there <= value + SUFFICIENT * step * slope;
      trials.push({ step, value: there, falls });
      if (falls) return trials;
    }
    return trials;
  }

  function record(objective, k, w, state, step) {
    const [value, gradient] = [objective.value(w), objective.gradient(w)];
    const norm = largest(gradient);
    return { k, w, value, gradient, norm, state, ending: norm <= GTOL ? "converged" : null, ...step };
  }

  play.firstPoint = (objective, method, w) => record(objective, 0, w, play.methods[method].init(w), { trials: [] });

  play.nextPoint = (objective, method, before, rate) => {
    if (before.ending !== null) return before;
    const { update, searches } = play.methods[method];
    const [direction, state] = update(before.gradient, before.state);
    const trials = searches ? backtrack(objective, before, direction, rate) : [];
    if (searches && !trials.at(-1)?.falls) return { ...before, ending: "no descent" };
    const step = searches ? trials.at(-1).step : rate;
    const w = moved(before.w, step, direction);
    if (!isFinite(w)) return { ...before, ending: "diverged" };
    const there = record(objective, before.k + 1, w, state, { direction, rate: step, trials });
    return Number.isFinite(there.value) && Number.isFinite(there.norm) ? there : { ...before, ending: "diverged" };
  };

  play.run = (objective, method, w, rate, steps) => {
    const records = [play.firstPoint(objective, method, w)];
    for (let k = 0; k < steps && records.at(-1).ending === null; k += 1) {
      const next = play.nextPoint(objective, method, records.at(-1), rate);
      if (next.k === records.at(-1).k) records[records.length - 1] = next;
      else records.push(next);
    }
    return records;
  };
})((globalThis.play ??= {}));
