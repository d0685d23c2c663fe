"""The same for kernels that move weights, and for numerical gradients: see `accuracy`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gdfast import _kernels
from kernel_calls import CROSS_ENTROPY, HINGE, HUBER, INPUTS, RULES, SQUARED_ERROR
from reliability.accuracy import NAMES, Batch, Found, measures, note, spread, units
from reliability.precise import Long

EPS = float(np.finfo(np.float64).eps)
SETTINGS = ((), (0.9,), (0.9,), (1e-10,), (0.99, 1e-8), (0.9, 0.999, 1e-8), (0.9, 0.999, 1e-8, 0.01))
RULE_NAMES = ("gradient descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


@measures("differences")
def differences(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Loss at +h less the loss at -h (or less that in the middle), one weight moved: float64."""
    for loss, name in NAMES.items():
        for scheme, title in enumerate(("centred", "forward")):
            for n, d, k in ((1, 1, 2), (6, 3, 4), (40, 9, 10)):
                for _ in range(max(1, examples // (n * k))):
                    b = Batch(rng, "float64", loss, 1, (n, d, k))
                    h, got = float(10.0 ** rng.uniform(-9, -1)), np.empty((k, d + 1))
                    b.problem(0).differences(b.W[0], h, scheme, np.arange(d + 1), got, None)
                    exact, size = _moved(b, h, scheme)
                    if loss != CROSS_ENTROPY:  # terms are subtracted from each other
                        size = size + (b.u * b.terms.losses_size).sum()
                    note(found, f"differences {title}, {name}: float64", units(got, exact, size, float))


def _moved(b: Batch, h: float, scheme: int) -> tuple[Any, Any]:
    """Sums over rows of the differences (k, d + 1), and their magnitudes."""
    S, A, u, y = b.S[0], b.S_size[0], b.u[0], b.y[0]
    t = (Long(h) * b.Z[0])[:, None, :]  # (n, 1, d + 1)
    T = (Long(h) * b.Z_size[0])[:, None, :]
    k = S.shape[1]
    if b.loss == CROSS_ENTROPY:
        powers = np.exp(S - S.max(-1, keepdims=True))
        P = (powers / powers.sum(-1, keepdims=True))[:, :, None]
        Q = np.stack([np.delete(P, c, axis=1).sum(1) for c in range(k)], axis=1)
        own = (np.arange(k) == y[:, None])[:, :, None]
        # log(P e^t + Q), less t for the label: as log1p of whatever is small
        small, other = np.where(own, Q, P), np.where(own, P, Q)
        ahead, behind = (_log_moved(small, other, np.where(own, -sign, sign) * t) for sign in (1, -1))
        change = ahead - (behind if scheme == 0 else 0)
        mean = (P[..., 0] * A).sum(-1)[:, None, None]
        size = (P + own) * (np.exp(np.abs(t)) * T) * (1 + A[:, :, None] * (1 - own) + mean)
        return np.einsum("i,icj->cj", u, change), 2 * np.einsum("i,icj->cj", u, size)
    if b.loss in (SQUARED_ERROR, HUBER):
        M, size = (S - y)[:, :, None], (A + np.abs(y))[:, :, None]
        change, moved = _term(b, M, size, t, T, scheme)
        return np.einsum("i,icj->cj", u, change), np.einsum("i,icj->cj", u, moved)
    own_scores, own_size = (np.take_along_axis(a, y[:, None], -1) for a in (S, A))
    wrong = (np.arange(k) != y[:, None])[:, :, None]
    M, size = (S - own_scores + Long(b.margin))[:, :, None], (A + own_size + Long(b.margin))[:, :, None]
    up, up_size = (np.where(wrong, a, 0) for a in _term(b, M, size, t, T, scheme))
    down, down_size = (np.where(wrong, a, 0).sum(1, keepdims=True) for a in _term(b, M, size, -t, T, scheme))
    change, moved = np.where(wrong, up, down), np.where(wrong, up_size, down_size)
    return np.einsum("i,icj->cj", u, change), np.einsum("i,icj->cj", u, moved)


def _term(b: Batch, M: Any, size: Any, t: Any, T: Any, scheme: int) -> tuple[Any, Any]:
    """One term where its margin (or residual) M moves by t."""
    first, last = (M if scheme else M - t), M + t
    step, reach = (t if scheme else 2 * t), (1 if scheme else 2) * T + EPS * size  # (last - first would cancel)
    if b.loss == SQUARED_ERROR:
        return step * (first + last), reach * 2 * (size + T)
    if b.loss == HUBER:
        limit = Long(b.margin)
        return _huber_moved(first, last, step, limit), reach * 2 * np.minimum(limit + size, size + T)
    near = np.maximum(first, last) > -16 * EPS * size
    both = (first > 0) & (last > 0)
    if b.loss == HINGE:
        kinked = np.minimum(first, last) < 16 * EPS * size
        change = np.where(both, step, np.maximum(last, 0) - np.maximum(first, 0))
        return change, near * (reach + kinked * size)
    first, last = np.maximum(first, 0), np.maximum(last, 0)
    return np.where(both, step, last - first) * (last + first), near * reach * 2 * (size + T)


def _log_moved(p: Any, q: Any, t: Any) -> Any:
    """log(q + p e^t), where q = 1 - p."""
    moved = p * np.expm1(t)
    return np.where(moved > -0.5, np.log1p(np.maximum(moved, -0.5)), np.log(q + p * np.exp(t)))


def _huber_moved(first: Any, last: Any, step: Any, limit: Any) -> Any:
    a, b, sign = np.abs(first), np.abs(last), np.sign(last)
    inside = (a <= limit) & (b <= limit)
    outward = 2 * limit * sign * step - np.maximum(limit - a, 0) ** 2 + np.maximum(limit - b, 0) ** 2
    value = [np.where(r <= limit, r * r, 2 * limit * r - limit**2) for r in (a, b)]
    same = np.sign(first) == sign
    return np.where(inside, step * (first + last), np.where(same, outward, value[1] - value[0]))


@measures("take_steps")
def steps(rng: np.random.Generator, examples: int, found: Found) -> None:
    """One step of each rule, from a gradient that is exact: a row of small integers, weights of few bits."""
    d, k = 9, 3
    for real in (np.float32, np.float64):
        for rule, (_, n_states) in enumerate(RULES):
            for _ in range(max(1, examples // (d * k))):
                x, W = rng.integers(-4, 5, (1, d)).astype(real), rng.integers(-64, 65, (k, d + 1)) / 16
                target, rate = rng.integers(-64, 65, (1, k)) / 4.0, float(10.0 ** rng.uniform(-4, 0))
                problem = _kernels.Problem(
                    x,
                    INPUTS[np.dtype(real).name],
                    None,
                    target,
                    None,
                    None,
                    None,
                    None,
                    SQUARED_ERROR,
                    1.0,
                    1.0,
                    k,
                    True,
                )
                W, first = W.astype(real), int(rng.integers(0, 1000))
                states = [np.abs(spread(rng, W.shape, 2)).astype(real) for _ in range(n_states)]
                moved, after = W.copy(), [s.copy() for s in states]
                problem.take_steps(
                    rule, SETTINGS[rule], np.zeros(1, np.int64), np.array([0, 1]), np.array([rate]), 0.25, 0.5, True,
                    1.0, first, moved, tuple(after), np.empty(1), np.zeros(1, np.int64), real is np.float64,
                )  # fmt: skip
                z = np.append(x[0].astype(Long), 1)
                G = 2 * ((W.astype(Long) @ z) - target[0])[:, None] * z + Long(0.25) * np.sign(W) + W.astype(Long)
                exact, size = _step(rule, W.astype(Long), G, [s.astype(Long) for s in states], Long(rate), first + 1)
                note(found, f"take_steps {RULE_NAMES[rule]}: {np.dtype(real).name}", units(moved, exact, size, real))


def _step(rule: int, W: Any, G: Any, states: list[Any], rate: Any, t: int) -> tuple[Any, Any]:
    a, b, c, decay = (*(Long(s) for s in SETTINGS[rule]), *(Long(0),) * 4)[:4]
    if rule == 0:
        move, size = rate * G, np.abs(rate * G)
    elif rule in (1, 2):
        v, v_size = a * states[0] + G, a * np.abs(states[0]) + np.abs(G)
        move, size = (v, v_size) if rule == 1 else (G + a * v, np.abs(G) + a * v_size)
        move, size = rate * move, rate * size
    elif rule in (3, 4):
        square = states[0] + G * G if rule == 3 else a * states[0] + (1 - a) * G * G
        move = rate * G / (np.sqrt(square) + (a if rule == 3 else b))
        size = np.abs(move)
    else:
        m, m_size = a * states[0] + (1 - a) * G, a * np.abs(states[0]) + (1 - a) * np.abs(G)
        root = np.sqrt((b * states[1] + (1 - b) * G * G) / (1 - b**t)) + c
        move, size = rate / (1 - a**t) * m / root, rate / (1 - a**t) * m_size / root
        move = move + (rate * decay * W if rule == 6 else 0)
    return W - move, np.abs(W) + size


@measures("dual_epoch")
def one_row(rng: np.random.Generator, examples: int, found: Found) -> None:
    """One visit of one row: its duals solve the row's problem, and W is theirs."""
    d = 5
    for real in (np.float32, np.float64):
        for k in (2, 5, 17):
            for _ in range(max(1, examples // k)):
                x, unit = spread(rng, (1, d), 1).astype(real), float(10.0 ** rng.uniform(-3, 3))
                margin, y = float(10.0 ** rng.uniform(-1, 1)), int(rng.integers(k))
                problem = _kernels.Problem(
                    x, INPUTS[np.dtype(real).name], np.array([y], np.int32), None, None, None, None, None, HINGE,
                    margin, 1.0, k, False,
                )  # fmt: skip
                squares, duals, W = np.empty(1), np.zeros((1, k), real), np.zeros((k, d), real)
                _kernels.dual_squares(problem, squares)
                one = np.zeros(1, np.int64)
                _kernels.dual_epoch(problem, one, one, squares, unit, 0.0, 1.0, duals, np.zeros(1, np.uint8), W)
                A, q = duals[0].astype(Long), Long(squares[0]) * Long(unit)
                wrong = np.arange(k) != y
                level = Long(margin) / q  # every wrong class alike: a = clip(margin / q - (k - 1) a, 0, 1)
                exact = np.where(wrong, min(level / k, Long(1)), -(k - 1) * min(level / k, Long(1)))
                size = np.where(exact.max() < 1, 2 * level, 1) * np.where(wrong, 1, k - 1)  # a is a difference of such
                name = np.dtype(real).name
                note(found, f"dual_epoch duals: {name}", units(A, exact, size, real))
                products = -A[:, None] * x.astype(Long) * Long(unit)
                note(found, f"dual_epoch weights: {name}", units(W, products, np.abs(products), real))


@measures("two_loops")
def two_loops(rng: np.random.Generator, examples: int, found: Found) -> None:
    """The direction of L-BFGS as coefficients of its stack, from pairs of a quadratic function."""
    for _ in range(max(1, examples // 10)):
        m, n = int(rng.integers(1, 11)), 40
        moves = spread(rng, (m, n), 1)
        stack = np.concatenate([moves, moves * 10.0 ** rng.uniform(-1, 1, n)])
        products, slope = stack @ stack.T, stack @ spread(rng, n, 1)
        got = np.empty(2 * m + 1)
        _kernels.two_loops(products, slope, m, m, got)
        exact, size = _two_loops(products.astype(Long), slope.astype(Long), m)
        note(found, "two_loops: float64", units(got, exact, size, float))


def _two_loops(P: Any, y: Any, m: int) -> tuple[Any, Any]:
    """The recursion, and the same with every sign a plus."""
    both = []
    for sign, P, y in ((-1, P, y), (1, np.abs(P), np.abs(y))):  # noqa: B020
        c = np.zeros(2 * m + 1, dtype=Long)
        curvature = [P[i, m + i] for i in range(m)]
        for i in reversed(range(m)):
            c[m + i] = (y[i] + sign * sum(c[m + j] * P[i, m + j] for j in range(i + 1, m))) / curvature[i]
        own = P[m - 1, 2 * m - 1] / P[2 * m - 1, 2 * m - 1]
        for i in range(m):
            value = own * (y[m + i] + sign * sum(c[m + j] * P[m + i, m + j] for j in range(m)))
            value += sum(c[j] * P[j, m + i] for j in range(i))
            c[i] = c[m + i] + sign * value / curvature[i]
        c[m : 2 * m] *= sign * own
        c[2 * m] = own
        both.append(c)
    return both[0], np.abs(both[1])


@measures("descend_quadratic", "descend_columns")
def coordinates(rng: np.random.Generator, examples: int, found: Found) -> None:
    """Coordinate descent: the gradient and the scores that it keeps are those of the weights that it returns."""
    for _ in range(max(1, examples // 20)):
        n, d = 30, 8
        X, g = spread(rng, (n, d), 1), spread(rng, d, 1)
        M, gradient, w = X.T @ X, g.copy(), np.zeros(d)
        penalties = np.full(d, 0.1), np.full(d, 0.01)
        _kernels.descend_quadratic(M, gradient, w, *penalties, 1e-12, 1)
        exact = g.astype(Long) + M.astype(Long) @ w.astype(Long)
        size = np.abs(g).astype(Long) + np.abs(M).astype(Long) @ np.abs(w).astype(Long)
        note(found, "descend_quadratic: float64", units(gradient, exact, size, float))
        changes, v = np.zeros((1, n)), np.zeros(d)
        _kernels.descend_columns(
            np.ascontiguousarray(X.T), None, None, np.zeros(d, np.int64), np.arange(d), np.ones((1, n)), None, None,
            changes, np.zeros((2, n)), g.copy(), v, *penalties, 1e-12, 1,
        )  # fmt: skip
        exact, size = X.astype(Long) @ v.astype(Long), np.abs(X).astype(Long) @ np.abs(v).astype(Long)
        note(found, "descend_columns: float64", units(changes[0], exact, size, float))
