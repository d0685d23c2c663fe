// The questions under the benches of classes, of h and of the kink, with the answers that fold out.
(function (play) {
  "use strict";
  play.QUESTIONS = {
    classes: [
      [
        "With hinge and strength 0: can the loss become exactly 0? And with softmax?",
        "With hinge yes: once every right score is at least 1 above the others, each term is max(0, something ≤ 0) = 0, the gradient is 0, and gradient descent halts. Softmax never gets there: −log *p* > 0 as long as *p* < 1, so the gradient goes on stretching the arrows, ever more slowly.",
      ],
      [
        "Raise the strength. Why do the arrows get shorter, and why is the loss of points no longer 0?",
        "The penalty strength · sum of *w*^{2} has the gradient 2 · strength · *w*: every step takes away a part of each weight. Where both gradients balance the weights are smaller, so scores change more slowly across the plane, and points near a border no longer have a margin of 1. With a large strength the weights go to 0 and the loss to 2 (hinge, (classes − 1) · margin) or log 3 (softmax).",
      ],
      [
        "Make the mini-batch 1 sample instead of 4. What happens to the spread of its gradients, and to the loss near the end of a run?",
        "Each dot is a mean over *m* samples, so its distance from the full gradient falls as 1 / √*m*: the spread about doubles. (It is 2.3 times as large with 15 samples, because batches are drawn without replacement, and 0 with all of them.) The mean of the dots is the full gradient, so descent goes the right way on average, but with a constant learning rate the weights keep jumping about: a smaller learning rate calms them.",
      ],
    ],
    differences: [
      [
        "For sin *x*: where is the best *h* of each scheme, and why is the centred one's larger?",
        "Near 10^{−8} forward and near 10^{−5} centred. Cancellation is about *ε* / *h* with *ε* ≈ 10^{−16} in both. Truncation is about *h* forward: both are equal at *h* = √*ε*. It is about *h*^{2} centred: both are equal at the cube root of *ε*, where the error is 10^{−11} instead of 10^{−8}.",
      ],
      [
        "1000 + sin *x* has the same derivative as sin *x*. What does the constant do to the best *h* and to its error?",
        "Values near 1000 are rounded to 10^{−13}, a thousand times more coarsely: the cancellation line rises by 1000, the truncation line stays. They meet at an *h* about 10 times larger (centred, the cube root of 1000), and the error there is up to 100 times larger. So take constants out of a function before you difference it.",
      ],
      [
        "With *x*^{2} the centred error only grows as *h* shrinks. Why is there no truncation, and what does the forward scheme do?",
        "The centred quotient misses *f*‴ *h*^{2} / 6, and the third derivative of a parabola is 0: the secant over [*x* − *h*, *x* + *h*] is exactly as steep as the tangent at its middle. Only cancellation is left, so the largest *h* is the best. Forward, *f*″ *h* / 2 = *h* is missed as ever.",
      ],
    ],
    kink: [
      [
        "One sample, *w* = 0.98 and *h* = 0.1: which share of the stencil has which slope, and what is the centred difference?",
        "The stencil reaches from 0.88 to 1.08, the kink is at 1. Of its length 0.2 the part 0.12, a share of 0.6, has the slope −1; the rest has the slope 0. The quotient is 0.6 · (−1) + 0.4 · 0 = −0.6, and the relative error of the right gradient −1 is 40 %.",
      ],
      [
        "Make *h* smaller and smaller. How do you tell the kink from the wrong gradient?",
        "As soon as *h* is less than the distance to the kink the right gradient's error drops to rounding. The wrong gradient's error stays as it is with every *h*, and at every *w* where the slope is not 0. gdfast need not try: for a linear objective it computes which terms cross the margin, what they add to the quotient, and the largest *h* that crosses none (`safe_h`).",
      ],
      [
        "Put *w* onto the kink. Which slope is right, and what does the centred difference say for each *h*?",
        "Every slope between the left one and the right one is: each is a subgradient, and gradient descent may use any of them. With one sample the centred difference is −0.5 for every *h*, so shrinking *h* does not help; gdfast's gradient is 0 there, because a term counts only where it is strictly greater than 0. A claim outside the interval is a bug.",
      ],
    ],
  };
})((globalThis.play ??= {}));
