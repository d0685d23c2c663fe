/* One weight w of ``gradient * w + curvature / 2 * (its change)^2 + l1 |w| + l2 w^2``: its optimum, its subgradient. */

#if !defined(INLINE)
#error "coordinate/weight.inc.h needs INLINE"
#endif

/* The optimum where the derivative at w is g (without penalties) and the second one h: exactly 0 where L1 wins. */
INLINE double best_weight(double w, double g, double h, double l1, double l2) {
    double curvature = h + 2 * l2, to = h * w - g;
    if (!(curvature > 0)) return l1 > 0 && fabs(g) <= l1 ? 0 : w; /* a column of zeros, with nothing to pull at it */
    return to > l1 ? (to - l1) / curvature : to < -l1 ? (to + l1) / curvature : 0;
}

/* |the subgradient of minimum norm|: 0 exactly at the optimum. */
INLINE double subgradient_size(double w, double g, double l1, double l2) {
    if (w > 0) return fabs(g + 2 * l2 * w + l1);
    if (w < 0) return fabs(g + 2 * l2 * w - l1);
    return fabs(g) > l1 ? fabs(g) - l1 : 0;
}
