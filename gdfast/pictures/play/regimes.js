// What the learning rate does: creeping, converging, oscillating or diverging; no document is needed.
//
// On a quadratic function gradient descent and both momentums are linear maps of (w, velocity), one for each axis: what a
// step multiplies the distance by follows exactly from curvature and rate. Everywhere else a run is judged by its records.
//
//   play.factor(method, rate, curvature)   -> { size, kind }: size of the map's largest eigenvalue, kind "same side",
//                                             "other side" (negative) or "spiral" (complex); null for other methods
//   play.limits(objective, method)         -> { oscillates, diverges }: the rates above which; null where none is exact
//   play.regime(objective, method, rate, records) -> { name, exact, sentences }
//   play.sweep(objective, method, w, rates, steps) -> [{ rate, value, name }, ...]: where runs of so many steps end
//   play.nearestCritical(objective, w)     -> { words, w } of a known critical point at w, or null
(function (play) {
  "use strict";
  const CREEPING = 0.95; // of the distance is left after a step: ten times nearer takes more than 45 steps
  const SMALL_MOVE = 0.005; // of the picture's width
  const WINDOW = 12; // steps by which a run is judged
  const { MOMENTUM: beta } = play.settings;

  const characteristic = {
    momentum: (scaled) => [1 + beta - scaled, beta],
    nesterov: (scaled) => [(1 + beta) * (1 - scaled), beta * (1 - scaled)],
  };

  play.factor = (method, rate, curvature) => {
    const scaled = rate * curvature;
    if (method === "gradient_descent")
      return { size: Math.abs(1 - scaled), kind: scaled > 1 ? "other side" : "same side" };
    if (!(method in characteristic)) return null;
    const [trace, determinant] = characteristic[method](scaled);
    const square = trace * trace - 4 * determinant;
    if (square < 0) return { size: Math.sqrt(determinant), kind: "spiral" };
    const [plus, minus] = [(trace + Math.sqrt(square)) / 2, (trace - Math.sqrt(square)) / 2];
    return { size: Math.max(Math.abs(plus), Math.abs(minus)), kind: minus < 0 ? "other side" : "same side" };
  };

  play.limits = (objective, method) => {
    if (!objective.curvatures) return null;
    const largest = Math.max(...objective.curvatures);
    const root = Math.sqrt(beta);
    const scaled = {
      gradient_descent: [1, 2],
      momentum: [(1 - root) ** 2, 2 * (1 + beta)],
      nesterov: [((1 - beta) / (1 + beta)) ** 2, (2 * (1 + beta)) / (1 + 2 * beta)],
    }[method];
    return scaled ? { oscillates: scaled[0] / largest, diverges: scaled[1] / largest } : null;
  };

  const nameOf = ({ size, kind }) =>
    size > 1 + 1e-12 ? "diverging" : kind !== "same side" ? "oscillating" : size > CREEPING ? "creeping" : "converging";
  const GRAVEST = ["diverging", "oscillating", "creeping", "converging"];

  function exactName(objective, method, rate) {
    if (play.limits(objective, method) === null) return null;
    const names = objective.curvatures.map((curvature) => nameOf(play.factor(method, rate, curvature)));
    return GRAVEST.find((name) => names.includes(name));
  }

  function observedName(objective, records) {
    const last = records.at(-1);
    if (last.ending === "converged") return "converged";
    if (last.ending === "no descent") return "no descent";
    if (last.ending === "diverged" || isFarOutside(objective, last.w)) return "diverging";
    if (records.length < 3) return "starting";
    const recent = records.slice(-WINDOW - 1);
    const [before, between] = records.slice(-3);
    if (last.value > between.value && between.value > before.value && last.value > records[0].value) return "diverging";
    const moves = recent.slice(1).map((record, i) => record.w.map((element, j) => element - recent[i].w[j]));
    const reversals = moves.slice(1).filter((move, i) => dot(move, moves[i]) < 0).length;
    if (reversals >= 2 || (reversals === 1 && moves.length === 2)) return "oscillating";
    const width = objective.bounds[0][1] - objective.bounds[0][0];
    const isShort = moves.slice(-3).every((move) => Math.hypot(...move) < SMALL_MOVE * width);
    return isShort && shrinking(recent) > CREEPING ? "creeping" : "converging";
  }

  /** By what the gradient was multiplied a step, over the last steps. */
  function shrinking(records) {
    const recent = records.slice(-6);
    return (recent.at(-1).norm / recent[0].norm) ** (1 / (recent.length - 1));
  }

  const dot = (a, b) => a.reduce((sum, element, i) => sum + element * b[i], 0);
  const isFarOutside = (objective, w) =>
    w.some((element, i) => {
      const [low, high] = objective.bounds[i];
      return Math.abs(element - (low + high) / 2) > 2 * (high - low);
    });

  play.nearestCritical = (objective, w) => {
    const isAt = (point) => Math.hypot(...point.map((element, i) => element - w[i])) < 0.02;
    const find = (points) => points.find(isAt);
    const minimum = find(objective.minima);
    if (minimum) {
      const isGlobal = (point) => objective.value(point) - objective.lowest < 1e-9;
      const count = objective.minima.filter(isGlobal).length;
      const words = !isGlobal(minimum)
        ? "a local minimum"
        : count > 1
          ? `one of ${count} global minima`
          : "the global minimum";
      return { words, w: minimum };
    }
    const saddle = find(objective.saddles);
    if (saddle) return { words: w.length === 1 ? "an inflection, where the curve is flat" : "a saddle", w: saddle };
    const maximum = find(objective.maxima);
    return maximum ? { words: "a maximum", w: maximum } : null;
  };

  const steps = (size) =>
    size < 0.1 ? "less than one step" : counted(Math.ceil(Math.log(0.1) / Math.log(size)), "step");
  const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  function outcome({ size, kind }) {
    const where = { "same side": "", "other side": ", the sign alternates", spiral: ", oscillating" }[kind];
    if (Math.abs(size - 1) < 1e-12) return `${where}: never nearer`;
    return size > 1 ? `${where}: further away every time` : `${where}: ten times nearer in ${steps(size)}`;
  }

  function exactSentences(objective, method, rate) {
    const axes = objective.curvatures.length === 1 ? ["*w*"] : ["*x*", "*y*"];
    const told = new Map(); // what is said, and of which axes
    objective.curvatures.forEach((curvature, i) => {
      const factor = play.factor(method, rate, curvature);
      const signed = play.number(factor.kind === "other side" ? -factor.size : factor.size);
      const words =
        method === "gradient_descent"
          ? `1 − ${play.number(rate)} · ${play.number(curvature)} = ${signed} a step`
          : `about ${play.number(factor.size)} a step`;
      const sentence = `${words}${outcome(factor)}.`;
      told.set(sentence, [...(told.get(sentence) ?? []), axes[i]]);
    });
    const sentences = [...told].map(([sentence, names]) => `${names.join(" and ")}: times ${sentence}`);
    const { oscillates, diverges } = play.limits(objective, method);
    const change = method === "gradient_descent" ? "the sign alternates" : "it oscillates";
    sentences.push(
      `Above *a* = ${play.number(oscillates)} ${change}, above *a* = ${play.number(diverges)} it diverges.`,
    );
    return sentences;
  }

  function observedSentences(objective, name, records) {
    const last = records.at(-1);
    const critical = play.nearestCritical(objective, last.w);
    const isLocal = critical && objective.value(critical.w) - objective.lowest > 1e-9;
    switch (name) {
      case "converged":
        return [
          `The gradient is zero (within 10⁻⁶) at ${play.point(last.w)}${critical ? `: ${critical.words}` : ""}. Descent ends here.`,
          isLocal
            ? `*L* is ${play.number(last.value)} here; the global minimum has ${play.number(objective.lowest)}.`
            : "",
        ];
      case "no descent":
        return ["No step along the gradient lowers *L* by more than its rounding."];
      case "diverging":
        return last.ending === "diverged"
          ? ["The next point is no longer a finite number."]
          : ["*L* is above where the run began and rises: the steps overshoot further every time."];
      case "oscillating":
        return ["The last steps reversed their direction: each overshoots the minimum along it."];
      case "creeping":
        return [
          `The last step moved *w* by ${play.number(moveOf(records))}, and the gradient hardly changes. A larger rate would save steps.`,
        ];
      case "converging":
        return [
          `The last step moved *w* by ${play.number(moveOf(records))}; the gradient ${
            shrinking(records) < 0.99
              ? `is multiplied by about ${play.number(shrinking(records), 2)} a step`
              : "does not shrink yet"
          }.`,
        ];
      default:
        return ["Take two steps: then the regime can be told."];
    }
  }

  function moveOf(records) {
    const [before, last] = records.slice(-2);
    return Math.hypot(...last.w.map((element, i) => element - before.w[i]));
  }

  play.regime = (objective, method, rate, records) => {
    const observed = observedName(objective, records);
    const isExact = exactName(objective, method, rate) !== null;
    if (isExact && observed !== "converged" && records.at(-1).ending === null) {
      return {
        name: exactName(objective, method, rate),
        exact: true,
        sentences: exactSentences(objective, method, rate),
      };
    }
    const sentences = observedSentences(objective, observed, records).filter((sentence) => sentence !== "");
    return { name: observed, exact: false, sentences };
  };

  play.sweep = (objective, method, w, rates, count) => {
    const ends = rates.map((rate) => {
      const records = play.run(objective, method, w, rate, count);
      const { ending, value } = records.at(-1);
      const observed = observedName(objective, records);
      const name = exactName(objective, method, rate) ?? (observed === "converged" ? "converging" : observed);
      return { rate, value: ending === "diverged" ? Infinity : value, name };
    });
    // A regime of one rate between two of another is chance: where a run of so many steps happens to stand.
    const isChance = (i) => ends[i - 1]?.name === ends[i + 1]?.name && ends[i + 1] !== undefined;
    return ends.map((end, i) => (isChance(i) ? { ...end, name: ends[i - 1].name } : end));
  };
})((globalThis.play ??= {}));
