"""Optima of small linear problems by other methods than gdfast's: Newton's method for the smooth losses (with L1 after
proximal steps, on the weights that these leave), the primal programs of the hinge by SciPy's SLSQP and HiGHS.
Nothing here knows of duals.

What is found is the value of some W, so it is never below the optimum by more than rounding: a bound that is false
against it is false.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import LinearConstraint, linprog, minimize
from threadpoolctl import ThreadpoolController

from reference import CROSS_ENTROPY, HINGE, HUBER, SQUARED_ERROR, SQUARED_HINGE, Array, LinearProblem

THREADS = ThreadpoolController()


@dataclass
class Small:
    """A LinearProblem as arrays: Z the model's features, u the rows' shares, strengths of L2 and L1 for each column."""

    problem: LinearProblem
    n_classes: int

    def __post_init__(self) -> None:
        p = self.problem
        self.Z = p.features()
        n, m = self.Z.shape
        w = np.ones(n) if p.sample_weight is None else np.asarray(p.sample_weight, dtype=np.float64)
        self.u = w / w.sum()
        self.y = np.asarray(p.y)
        self.strengths = np.full(m, p.l2)
        if p.bias and not p.penalize_bias:
            self.strengths[-1] = 0.0
        self.absolutes = np.full(m, p.l1)
        if p.bias and not p.penalize_bias:
            self.absolutes[-1] = 0.0
        self.shape = (self.n_classes, m)

    def rows(self, S: Array) -> tuple[Array, Array]:
        """Losses (n,) and gradients (n, k) by the scores."""
        p, i = self.problem, np.arange(len(S))
        if p.loss in (SQUARED_ERROR, HUBER):
            R = S - self.y.reshape(len(S), -1)
            held = np.clip(R, -p.margin, p.margin) if p.loss == HUBER else R
            losses = held**2 + 2 * p.margin * (np.abs(R) - np.abs(held))
            return losses.sum(1), 2 * held
        if p.loss == CROSS_ENTROPY:
            E = np.exp(S - S.max(1, keepdims=True))
            A = E / E.sum(1, keepdims=True)
            A[i, self.y] -= 1
            return np.log(E.sum(1)) + S.max(1) - S[i, self.y], A
        M = self.violated(S)
        assert p.loss in (HINGE, SQUARED_HINGE)
        A = (M > 0).astype(float) if p.loss == HINGE else 2 * M
        A[i, self.y] = -A.sum(1)
        return (M if p.loss == HINGE else M**2).sum(1), A

    def violated(self, S: Array) -> Array:
        """Margins (n, k) where they are > 0, else 0, as at the right class."""
        i = np.arange(len(S))
        M = np.maximum(S - S[i, self.y][:, None] + self.problem.margin, 0)
        M[i, self.y] = 0
        return M

    def second_derivatives(self, S: Array) -> Array:
        """Of each row's loss by its scores: (n, k, k)."""
        p, k = self.problem, S.shape[1]
        if p.loss in (SQUARED_ERROR, HUBER):
            near = (p.loss == SQUARED_ERROR) | (np.abs(S - self.y.reshape(len(S), -1)) <= p.margin)
            return 2.0 * near[:, :, None] * np.eye(k)
        if p.loss == CROSS_ENTROPY:
            P = self.rows(S)[1]
            P[np.arange(len(S)), self.y] += 1
            return P[:, :, None] * np.eye(k) - P[:, :, None] * P[:, None, :]
        if p.loss == HINGE:
            return np.zeros((len(S), k, k))
        D = np.eye(k)[None] - np.eye(k)[self.y][:, None, :]  # e_c - e_y
        return 2 * np.einsum("nc,nca,ncb->nab", (self.violated(S) > 0).astype(float), D, D)

    def value(self, W: Array) -> float:
        W = np.asarray(W, dtype=np.float64)
        penalty = (self.strengths * W**2 + self.absolutes * np.abs(W)).sum()
        return float(self.u @ self.rows(self.Z @ W.T)[0] + penalty)

    def newton(self, steps: int = 60) -> tuple[Array, float]:
        """W and the largest element of the gradient there, features scaled to 1."""
        size = np.abs(self.Z).max(0)
        size[size == 0] = 1.0
        Z, strengths = self.Z / size, self.strengths / size**2
        W = np.zeros(self.shape)
        norm, first = np.inf, 0.0
        for _ in range(steps):
            losses, A = self.rows(Z @ W.T)
            value = self.u @ losses + (strengths * W**2).sum()
            G = (A * self.u[:, None]).T @ Z + 2 * strengths * W
            norm = float(np.abs(G).max())
            first = max(first, norm)
            if norm <= 1e-14 * first:
                break
            H = self.second_derivatives(Z @ W.T)
            full = np.einsum("n,nab,nj,nl->ajbl", self.u, H, Z, Z).reshape(W.size, W.size)
            full += np.diag(np.tile(2 * strengths, self.shape[0]))
            full += 1e-13 * np.trace(full) * np.eye(W.size)
            V = -np.linalg.lstsq(full, G.ravel(), rcond=1e-14)[0].reshape(self.shape)
            t, slope = 1.0, float((G * V).sum())
            while t > 1e-12:
                there = W + t * V
                if self.u @ self.rows(Z @ there.T)[0] + (strengths * there**2).sum() < value + 1e-4 * t * slope:
                    break
                t /= 2
            else:
                break
            W = W + t * V
        return W / size, norm

    @np.errstate(over="ignore", invalid="ignore")
    def sparse(self, rounds: int = 6, steps: int = 150) -> Array:
        """Accelerated proximal steps, and Newton's on the weights that they leave, features scaled to 1."""
        size = np.abs(self.Z).max(0)
        size[size == 0] = 1.0
        Z, strengths, absolutes = self.Z / size, self.strengths / size**2, self.absolutes / size
        k = self.shape[0]
        curvature = {CROSS_ENTROPY: 0.5, SQUARED_HINGE: 2 * k}.get(self.problem.loss, 2.0)
        length = 1 / (curvature * np.linalg.norm(Z.T * self.u @ Z, 2) + 2 * strengths.max() + 1e-300)

        def value(W: Array) -> float:
            return float(self.u @ self.rows(Z @ W.T)[0] + (strengths * W**2 + absolutes * np.abs(W)).sum())

        def slope(W: Array) -> Array:
            return (self.rows(Z @ W.T)[1] * self.u[:, None]).T @ Z + 2 * strengths * W

        W = np.zeros(self.shape)
        for _ in range(rounds):
            V, t = W, 1.0
            for _ in range(steps):
                there = V - length * slope(V)
                there = np.sign(there) * np.maximum(np.abs(there) - length * absolutes, 0)
                if ((V - there) * (there - W)).sum() > 0:
                    t = 1.0
                t, before = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
                V, W = there + (before - 1) / t * (there - W), there
            for _ in range(12):
                on = (W != 0).ravel() | np.tile(absolutes == 0, k)
                signs = np.sign(W)
                G = (slope(W) + absolutes * signs).ravel()[on]
                H = np.einsum("n,nab,nj,nl->ajbl", self.u, self.second_derivatives(Z @ W.T), Z, Z).reshape(
                    W.size, W.size
                )
                H = (H + np.diag(np.tile(2 * strengths, k)))[np.ix_(on, on)]
                if not on.any():
                    break
                move = np.zeros(W.size)
                move[on] = -np.linalg.lstsq(H, G, rcond=1e-13)[0]
                here, t = value(W), 1.0
                while t > 1e-6:
                    there = W + t * move.reshape(W.shape)
                    there = np.where((signs * there < 0) & (absolutes > 0), 0.0, there)
                    if value(there) < here:
                        W = there
                        break
                    t /= 3
                else:
                    break
            if self.residual(W / size) < 1e-12:
                break
        return W / size

    def residual(self, W: Array) -> float:
        """How far W is from where no weight may move, in units of what pulls at it where all are 0 (or of the L1)."""
        size = np.maximum(np.abs(self.Z).max(0), 1e-300)
        pull = (self.rows(self.Z @ W.T)[1] * self.u[:, None]).T @ self.Z + 2 * self.strengths * W
        first = (self.rows(self.Z @ np.zeros_like(W).T)[1] * self.u[:, None]).T @ self.Z
        off = np.where(W != 0, np.abs(pull + self.absolutes * np.sign(W)), np.maximum(np.abs(pull) - self.absolutes, 0))
        units = np.where(self.absolutes > 0, self.absolutes, np.abs(first / size).max() * size + 1e-300)
        return float((off / units).max())

    def linear_program(self) -> Array:
        """min l1 |W| + sum_i u_i sum_c xi_ic, W = P - N, of the hinge."""
        k, m = self.shape
        pairs = [(i, c) for i in range(len(self.Z)) for c in range(k) if c != self.y[i] and self.u[i] > 0]
        rows = np.zeros((len(pairs), 2 * k * m + len(pairs)))
        cost = np.concatenate([np.tile(self.absolutes, 2 * k), [self.u[i] for i, _ in pairs]])
        for q, (i, c) in enumerate(pairs):
            rows[q, c * m : (c + 1) * m] = self.Z[i]
            rows[q, self.y[i] * m : (self.y[i] + 1) * m] = -self.Z[i]
            rows[q, k * m : 2 * k * m] = -rows[q, : k * m]
            rows[q, 2 * k * m + q] = -1
        if not pairs:
            return np.zeros(self.shape)
        found = linprog(cost, A_ub=rows, b_ub=np.full(len(pairs), -self.problem.margin))
        if found.x is None:
            return np.zeros(self.shape)
        return (found.x[: k * m] - found.x[k * m : 2 * k * m]).reshape(self.shape)

    def quadratic_program(self) -> Array:
        """min strength ||W||^2 + sum_i u_i sum_c xi_ic, xi_ic >= s_ic - s_iy + margin, xi >= 0."""
        k, m = self.shape
        size = np.abs(self.Z).max(0)
        size[size == 0] = 1.0
        Z, strengths = self.Z / size, np.tile(self.strengths / size**2, k)
        pairs = [(i, c) for i in range(len(Z)) for c in range(k) if c != self.y[i] and self.u[i] > 0]
        rows = np.zeros((len(pairs), k * m + len(pairs)))
        cost = np.zeros(k * m + len(pairs))
        start = np.zeros(k * m + len(pairs))
        for q, (i, c) in enumerate(pairs):
            rows[q, c * m : (c + 1) * m] -= Z[i]
            rows[q, self.y[i] * m : (self.y[i] + 1) * m] += Z[i]
            rows[q, k * m + q] = 1
            cost[k * m + q] = self.u[i]
            start[k * m + q] = self.problem.margin
        if not pairs:
            return np.zeros(self.shape)
        strengths = np.concatenate([strengths, np.zeros(len(pairs))])
        found = minimize(
            lambda v: float(cost @ v + strengths @ v**2),
            start,
            jac=lambda v: cost + 2 * strengths * v,
            method="SLSQP",
            bounds=[(None, None)] * (k * m) + [(0, None)] * len(pairs),
            constraints=[LinearConstraint(rows, lb=self.problem.margin)],
            options={"ftol": 1e-13, "maxiter": 200},
        )
        return found.x[: k * m].reshape(self.shape) / size

    def optimum(self) -> tuple[Array, float, bool]:
        """W, the value there, and whether it is known to be the optimum to about 1e-9."""
        with THREADS.limit(limits=1):  # matrices this small lose by more
            return self._optimum()

    def _optimum(self) -> tuple[Array, float, bool]:
        if self.problem.loss == HINGE:
            W, sure = (self.linear_program() if self.problem.l1 else self.quadratic_program()), True
        elif self.problem.l1 or self.problem.loss == HUBER:
            W = self.sparse()
            sure = self.residual(W) < 1e-9
        else:
            W, norm = self.newton()
            sure = norm < 1e-11 * max(1.0, self.value(np.zeros(self.shape)))
        best, at_zero = self.value(W), self.value(np.zeros(self.shape))
        return (W, best, sure) if best <= at_zero else (np.zeros(self.shape), at_zero, False)
