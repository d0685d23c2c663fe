// The functions of the descent bench: value, gradient and what is known of them; no document is needed.
//
// w is an array of one or two numbers. Operations stand in the order of gdfast.test_functions, so that the numbers agree
// to the last digits. curvatures: those of a quadratic function along its axes, from which thresholds follow exactly.
(function (play) {
  "use strict";
  play.functions = {
    parabola: {
      name: "L(w) = w²",
      formula: "*L*(*w*) = *w*^{2}",
      value: ([w]) => w * w,
      gradient: ([w]) => [2 * w],
      curvatures: [2],
      start: [3],
      bounds: [[-4, 4]],
      minima: [[0]],
      maxima: [],
      saddles: [],
      rates: [0.001, 10],
      rate: 0.1,
    },
    bumpy: {
      name: "bumpy curve",
      formula: "slope *L*′(*w*) = (*w* + 3)(*w* + 1)(*w* − 1)^{2}(*w* − 3) / 100",
      value: ([w]) => (((((w / 6 - 0.2) * w - 2.5) * w + 10 / 3) * w + 4.5) * (w * w) - 9 * w) / 100,
      gradient: ([w]) => [((w + 3) * (w + 1) * ((w - 1) * (w - 1)) * (w - 3)) / 100],
      curvatures: null,
      start: [-0.5],
      bounds: [[-3.8, 3.8]],
      minima: [[-3], [3]],
      maxima: [[-1]],
      saddles: [[1]],
      rates: [0.01, 100],
      rate: 0.5,
    },
    himmelblau: {
      name: "Himmelblau",
      formula: "*L*(*x*, *y*) = (*x*^{2} + *y* − 11)^{2} + (*x* + *y*^{2} − 7)^{2}",
      value: ([x, y]) => {
        const [first, second] = [x * x + y - 11, x + y * y - 7];
        return first * first + second * second;
      },
      gradient: ([x, y]) => {
        const [first, second] = [x * x + y - 11, x + y * y - 7];
        return [4 * x * first + 2 * second, 2 * first + 4 * y * second];
      },
      curvatures: null,
      start: [-0.5, 0.5],
      bounds: [
        [-5, 5],
        [-5, 5],
      ],
      minima: [
        [3, 2],
        [-2.805118086952745, 3.131312518250573],
        [-3.779310253377747, -3.2831859912861696],
        [3.5844283403304917, -1.8481265269644036],
      ],
      maxima: [[-0.2708445906673476, -0.9230385564799815]],
      saddles: [
        [0.08667750455539636, 2.884254701174776],
        [3.385154183607021, 0.07385187983774928],
        [-3.0730257507643897, -0.08135304428796751],
        [-0.12796134673068008, -1.9537149802445763],
      ],
      rates: [0.0001, 1],
      rate: 0.01,
    },
    bowl: {
      name: "ill-conditioned bowl",
      formula: "*L*(*x*, *y*) = (*x*^{2} + 25 *y*^{2}) / 2",
      value: ([x, y]) => 0.5 * (x * x + 25 * (y * y)),
      gradient: ([x, y]) => [x, 25 * y],
      curvatures: [1, 25],
      start: [-4, 1.5],
      bounds: [
        [-5, 5],
        [-3, 3],
      ],
      minima: [[0, 0]],
      maxima: [],
      saddles: [],
      rates: [0.001, 1],
      rate: 0.03,
    },
  };
  for (const objective of Object.values(play.functions)) objective.lowest = objective.value(objective.minima[0]);
})((globalThis.play ??= {}));
