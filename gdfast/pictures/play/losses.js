// The loss of a linear classifier of points in the plane: hinge and softmax, each sample's terms, the gradient, L2.
// W is a list of rows [weight of x1, weight of x2, bias], one per class; a sample is {x: [x1, x2], y: class}.
(function (play) {
  "use strict";
  const MARGIN = 1;

  const scores = (W, x) => W.map(([first, second, bias]) => first * x[0] + second * x[1] + bias);

  // The hinge term of each class j: max(0, s_j - s_y + margin); the right class has none.
  const hingeTerms = (s, y, margin = MARGIN) => s.map((score, j) => (j === y ? 0 : Math.max(0, score - s[y] + margin)));

  // exp(s_j) / sum of exp(s), the largest score subtracted first, so that nothing overflows.
  const probabilities = (s) => {
    const top = Math.max(...s);
    const powers = s.map((score) => Math.exp(score - top));
    const total = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / total);
  };

  // Each gives the loss of one sample and its derivatives by the scores.
  const kinds = {
    hinge: (s, y, margin = MARGIN) => {
      const terms = hingeTerms(s, y, margin);
      const byScores = terms.map((term) => (term > 0 ? 1 : 0)); // a subgradient: a term of exactly 0 does not count
      byScores[y] = -byScores.reduce((a, b) => a + b, 0);
      return { value: terms.reduce((a, b) => a + b, 0), byScores };
    },
    softmax: (s, y) => {
      const top = Math.max(...s);
      const logSum = Math.log(s.reduce((sum, score) => sum + Math.exp(score - top), 0));
      const byScores = probabilities(s);
      byScores[y] -= 1;
      return { value: logSum - (s[y] - top), byScores };
    },
  };

  const penalty = (W, strength) =>
    strength * W.reduce((sum, [first, second]) => sum + first * first + second * second, 0);

  // Mean loss of the samples (of those that `rows` names) + strength * the sum of squared weights; biases are not penalised.
  const objective = (kind, W, samples, strength = 0, rows = null) => {
    const chosen = rows === null ? samples : rows.map((i) => samples[i]);
    const gradient = W.map(([first, second]) => [2 * strength * first, 2 * strength * second, 0]);
    const each = chosen.map(({ x, y }) => {
      const { value, byScores } = kinds[kind](scores(W, x), y);
      byScores.forEach((derivative, j) => {
        const share = derivative / chosen.length;
        gradient[j][0] += share * x[0];
        gradient[j][1] += share * x[1];
        gradient[j][2] += share;
      });
      return value;
    });
    const dataLoss = chosen.length ? each.reduce((a, b) => a + b, 0) / chosen.length : 0;
    const penalised = penalty(W, strength);
    return { value: dataLoss + penalised, dataLoss, penalty: penalised, gradient, each };
  };

  // W - step * gradient, all weights at once.
  const descended = (W, gradient, step) => W.map((row, j) => row.map((weight, k) => weight - step * gradient[j][k]));

  const accuracy = (W, samples) => {
    const right = samples.filter(({ x, y }) => {
      const s = scores(W, x);
      return s.indexOf(Math.max(...s)) === y;
    });
    return samples.length ? right.length / samples.length : 1;
  };

  play.losses = { MARGIN, scores, hingeTerms, probabilities, kinds, objective, descended, accuracy };
})((globalThis.play ??= {}));
