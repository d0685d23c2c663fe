/* Products of long arrays of one INPUT, and their combinations, in double. */

#if !defined(INPUT) || !defined(STACK_BLOCK) || !defined(LANES) || !REAL_IS_DOUBLE
#error "stack/products.inc.h needs INPUT, STACK_BLOCK and real_double.inc.h"
#endif

enum { RI(VECTORS_AT_ONCE) = 4 };

/* products (n_rows, n_vectors) += rows times vectors, from element `begin` on, n of them. */
static void RI(add_products)(const gd_stack *s, ptrdiff_t begin, ptrdiff_t n, double *products) {
    ptrdiff_t whole = n / LANES * LANES;
    for (ptrdiff_t first = 0; first < s->n_vectors; first += RI(VECTORS_AT_ONCE)) {
        ptrdiff_t count = s->n_vectors - first;
        const INPUT *v[RI(VECTORS_AT_ONCE)];
        if (count > RI(VECTORS_AT_ONCE)) count = RI(VECTORS_AT_ONCE);
        for (ptrdiff_t c = 0; c < RI(VECTORS_AT_ONCE); c++) /* the last one stands for those that are missing */
            v[c] = (const INPUT *)s->vectors[first + (c < count ? c : count - 1)] + begin;
        for (ptrdiff_t r = 0; r < s->n_rows; r++) {
            const INPUT *row = (const INPUT *)s->rows[r] + begin;
            double totals[RI(VECTORS_AT_ONCE)];
            VECTOR sums[RI(VECTORS_AT_ONCE)] = {{0}, {0}, {0}, {0}};
            for (ptrdiff_t e = 0; e < whole; e += LANES) {
                VECTOR here = LOAD(REAL, INPUT)(row + e);
                for (int c = 0; c < RI(VECTORS_AT_ONCE); c++) sums[c] = FMA(here, LOAD(REAL, INPUT)(v[c] + e), sums[c]);
            }
            for (int c = 0; c < RI(VECTORS_AT_ONCE); c++) {
                totals[c] = 0;
                for (int i = 0; i < LANES; i++) totals[c] += sums[c][i];
                for (ptrdiff_t e = whole; e < n; e++) totals[c] += (double)row[e] * (double)v[c][e];
            }
            for (ptrdiff_t c = 0; c < count; c++) products[r * s->n_vectors + first + c] += totals[c];
        }
    }
}

/* combination = sum of factors * rows there. */
static void RI(combine)(const gd_stack *s, ptrdiff_t begin, ptrdiff_t n) {
    double totals[STACK_BLOCK];
    INPUT *out = (INPUT *)s->combination + begin;
    ptrdiff_t whole = n / LANES * LANES;
    for (ptrdiff_t e = 0; e < n; e++) totals[e] = 0;
    for (ptrdiff_t r = 0; r < s->n_rows; r++) {
        const INPUT *row = (const INPUT *)s->rows[r] + begin;
        double factor = s->factors[r];
        VECTOR all = BROADCAST(factor);
        for (ptrdiff_t e = 0; e < whole; e += LANES)
            *(vdouble_unaligned *)(totals + e) = FMA(all, LOAD(REAL, INPUT)(row + e), LOAD(REAL, double)(totals + e));
        for (ptrdiff_t e = whole; e < n; e++) totals[e] += factor * (double)row[e];
    }
    for (ptrdiff_t e = 0; e < n; e++) out[e] = (INPUT)totals[e];
}
