/* A block of terms of the smoothed hinge, for one REAL: their duals, values, slopes and second derivatives in a span. */

#if !defined(REAL) || !defined(SPAN_BLOCK) || !defined(LANES)
#error "span/smoothed_block.inc.h needs SPAN_BLOCK, and real_float.inc.h or real_double.inc.h"
#endif

typedef struct R(span_block) {
    REAL *changes; /* (n_directions, SPAN_BLOCK) */
    REAL *terms, *duals, *bends, *scaled; /* (SPAN_BLOCK,) each: zeros from the block's end on */
} R(span_block);

static size_t R(span_block_bytes)(const gd_span *s) { return ((size_t)s->n_directions + 4) * SPAN_BLOCK * sizeof(REAL); }

static R(span_block) R(span_block_at)(char *memory, const gd_span *s) {
    REAL *first = (REAL *)memory;
    R(span_block) b = {.changes = first, .terms = first + s->n_directions * SPAN_BLOCK};
    b.duals = b.terms + SPAN_BLOCK;
    b.bends = b.duals + SPAN_BLOCK;
    b.scaled = b.bends + SPAN_BLOCK;
    return b;
}

INLINE double R(block_dot)(const REAL *a, const REAL *b) {
    VECTOR sums[4] = {{0}, {0}, {0}, {0}};
    for (ptrdiff_t e = 0; e < SPAN_BLOCK; e += 4 * LANES)
        for (int v = 0; v < 4; v++)
            sums[v] = FMA(LOAD(REAL, REAL)(a + e + v * LANES), LOAD(REAL, REAL)(b + e + v * LANES), sums[v]);
    VECTOR all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    double total = 0;
    for (int i = 0; i < LANES; i++) total += (double)all[i];
    return total;
}

/* The terms from `begin` on, n of them, after the step; changes are copied next to each other. */
static void R(step_to_terms)(const gd_span *s, const R(span_block) *b, ptrdiff_t begin, ptrdiff_t n) {
    ptrdiff_t size = s->n_rows * s->n_classes;
    memset(b->terms, 0, SPAN_BLOCK * sizeof(REAL));
    memcpy(b->terms, (const REAL *)s->terms + begin, (size_t)n * sizeof(REAL));
    for (ptrdiff_t j = 0; j < s->n_directions; j++) {
        REAL *change = b->changes + j * SPAN_BLOCK, step = (REAL)s->steps[j];
        if (n < SPAN_BLOCK) memset(change, 0, SPAN_BLOCK * sizeof(REAL));
        memcpy(change, (const REAL *)s->changes + j * size + begin, (size_t)n * sizeof(REAL));
        for (ptrdiff_t e = 0; e < SPAN_BLOCK; e++) b->terms[e] += step * change[e];
    }
    memcpy((REAL *)s->there + begin, b->terms, (size_t)n * sizeof(REAL));
}

/* Their duals and second derivatives, times the row's weight; adds up the smoothed terms. */
static double R(smoothed_terms)(const gd_span *s, const R(span_block) *b, ptrdiff_t begin, ptrdiff_t n) {
    const REAL *center = (const REAL *)s->center + begin;
    REAL *duals = b->duals, *bends = b->bends, *parts = b->scaled;
    REAL unit = (REAL)(1 / s->mu), half = (REAL)(s->mu / 2), least = (REAL)s->least;
    double total = 0;
    ptrdiff_t row = begin / s->n_classes, left = s->n_classes - begin % s->n_classes;
    memset(duals, 0, SPAN_BLOCK * sizeof(REAL));
    memset(bends, 0, SPAN_BLOCK * sizeof(REAL));
    for (ptrdiff_t e = 0; e < n; e++) {
        REAL term = b->terms[e], a = term * unit + center[e], moved;
        a = a > 0 ? (a < 1 ? a : (REAL)1) : (REAL)0;
        moved = a - center[e];
        parts[e] = a * term - half * (moved * moved);
        bends[e] = ((a > 0) & (a < 1)) ? (REAL)1 : least;
        duals[e] = a;
    }
    if (!s->weights) {
        for (ptrdiff_t e = 0; e < n; e++) total += (double)parts[e];
        return total;
    }
    for (ptrdiff_t e = 0; e < n; e++) {
        double weight = s->weights[row];
        total += weight * (double)parts[e];
        duals[e] *= (REAL)weight;
        bends[e] *= (REAL)weight;
        if (--left == 0) row++, left = s->n_classes;
    }
    return total;
}

/* Adds a block's share to value (1,), slopes (m,) and products (m, m), its lower half. */
static void R(add_span_block)(const gd_span *s, char *memory, ptrdiff_t begin, ptrdiff_t n, double *totals) {
    R(span_block) b = R(span_block_at)(memory, s);
    ptrdiff_t m = s->n_directions;
    R(step_to_terms)(s, &b, begin, n);
    totals[0] += R(smoothed_terms)(s, &b, begin, n);
    for (ptrdiff_t j = 0; j < m; j++) {
        const REAL *change = b.changes + j * SPAN_BLOCK;
        double *products = totals + 1 + m + j * m;
        totals[1 + j] += R(block_dot)(change, b.duals);
        for (ptrdiff_t e = 0; e < SPAN_BLOCK; e++) b.scaled[e] = change[e] * b.bends[e];
        for (ptrdiff_t i = 0; i <= j; i++) products[i] += R(block_dot)(b.changes + i * SPAN_BLOCK, b.scaled);
    }
}
