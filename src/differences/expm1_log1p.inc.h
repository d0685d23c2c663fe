/* exp(x) - 1, log(1 + x) and their composition, where differences of logarithms need all their digits. */

#if !defined(DOUBLE_LANES)
#error "differences/expm1_log1p.inc.h needs DOUBLE_LANES"
#endif

/* exp(x) - 1 for |x| <= 1 */
INLINE vdouble expm1_vector(vdouble x) {
    const double magic = 6755399441055744.0;
    vdouble t = fma_vdouble(x, broadcast_double(1.4426950408889634), broadcast_double(magic));
    vdouble n = t - magic;
    vdouble r = fma_vdouble(n, broadcast_double(-0.6931471803691238), x);
    r = fma_vdouble(n, broadcast_double(-1.9082149292705877e-10), r);
    vdouble p = broadcast_double(1.0 / 87178291200.0);
    p = fma_vdouble(p, r, broadcast_double(1.0 / 6227020800.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 479001600.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 39916800.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 3628800.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 362880.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 40320.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 5040.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 720.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 120.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 24.0));
    p = fma_vdouble(p, r, broadcast_double(1.0 / 6.0));
    p = fma_vdouble(p, r, broadcast_double(0.5));
    p = fma_vdouble(p * r, r, r);
    vdouble power = (vdouble)((vuint64)broadcast_double(1.0) + ((vuint64)t << 52));
    return fma_vdouble(power, p, power - 1.0);
}

/* log(1 + x) for x > -1, in the manner of the classic libm: x = 2^n (1 + f) - 1 */
INLINE vdouble log1p_vector(vdouble x) {
    vdouble u = x + 1.0;
    vuint64 bits = (vuint64)u - 0x3fe6a09e667f3bcdULL; /* bits of sqrt(1/2) */
    vint64 exponent = (vint64)bits >> 52;
    vdouble m = (vdouble)((vuint64)u - ((vuint64)exponent << 52));
    vdouble n = __builtin_convertvector(exponent, vdouble);
    vint64 unscaled = exponent == 0;
    vdouble lost = (x - (u - 1.0)) / u;
    vdouble f = (vdouble)(((vint64)x & unscaled) | ((vint64)(m - 1.0) & ~unscaled));
    lost = (vdouble)((vint64)lost & ~unscaled);
    vdouble s = f / (f + 2.0), z = s * s, half_square = f * f * 0.5;
    vdouble p = broadcast_double(1.479819860511658591e-1);
    p = fma_vdouble(p, z, broadcast_double(1.531383769920937332e-1));
    p = fma_vdouble(p, z, broadcast_double(1.818357216161805012e-1));
    p = fma_vdouble(p, z, broadcast_double(2.222219843214978396e-1));
    p = fma_vdouble(p, z, broadcast_double(2.857142874366239149e-1));
    p = fma_vdouble(p, z, broadcast_double(3.999999999940941908e-1));
    p = fma_vdouble(p, z, broadcast_double(6.666666666666735130e-1));
    vdouble low = fma_vdouble(n, broadcast_double(1.90821492927058770002e-10), lost);
    vdouble inner = fma_vdouble(s, fma_vdouble(p, z, half_square), low);
    return fma_vdouble(n, broadcast_double(6.93147180369123816490e-01), f - (half_square - inner));
}

/* log(1 + p (e^t - 1)) for any t; q = 1 - p, given apart because it may be tiny */
LOCAL double log_moved(double p, double q, double t) {
    double moved = p * expm1(t);
    if (moved > -0.5 && moved < INFINITY) return log1p(moved); /* else of a tiny p nothing is left in q */
    double a = log(p) + t, b = log(q), most = a > b ? a : b, least = a > b ? b : a;
    return most + log1p(exp(least - most));
}
