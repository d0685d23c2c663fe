// Functions of one variable for difference quotients: each with its first three derivatives and the interval that is drawn.
(function (play) {
  "use strict";
  const sine = {
    text: "sin x",
    f: Math.sin,
    derivative: Math.cos,
    second: (x) => -Math.sin(x),
    third: (x) => -Math.cos(x),
    from: -0.5,
    to: 3,
    start: 1,
  };
  play.smoothFunctions = {
    sine,
    exponential: {
      text: "eˣ",
      f: Math.exp,
      derivative: Math.exp,
      second: Math.exp,
      third: Math.exp,
      from: -1,
      to: 1.5,
      start: 0.5,
    },
    parabola: {
      text: "x²",
      f: (x) => x * x,
      derivative: (x) => 2 * x,
      second: () => 2,
      third: () => 0,
      from: -1.5,
      to: 1.5,
      start: 0.7,
    },
    cubic: {
      text: "x³ − 2x",
      f: (x) => x * x * x - 2 * x,
      derivative: (x) => 3 * x * x - 2,
      second: (x) => 6 * x,
      third: () => 6,
      from: -2,
      to: 2,
      start: 1.2,
    },
    peak: {
      text: "1 / (1 + 25 x²)",
      f: (x) => 1 / (1 + 25 * x * x),
      derivative: (x) => (-50 * x) / (1 + 25 * x * x) ** 2,
      second: (x) => (50 * (75 * x * x - 1)) / (1 + 25 * x * x) ** 3,
      third: (x) => (15000 * x * (1 - 25 * x * x)) / (1 + 25 * x * x) ** 4,
      from: -1,
      to: 1,
      start: 0.3,
    },
    shifted: { ...sine, text: "1000 + sin x", f: (x) => 1000 + Math.sin(x) },
  };
})((globalThis.play ??= {}));
