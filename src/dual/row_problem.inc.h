/* Dual coordinate ascent for the Weston-Watkins hinge, for one REAL: one row's subproblem, and rows as it reads them.
 *
 * Row i has duals a_c in [0, upper] for the wrong classes, A_c = a_c and A_y = -sum of a; W = -A'X * unit. With the
 * other rows held, q = |x_i|^2 * unit and scores s at the present W, the optimum is a_c = clip(u_c - S, 0, upper) with
 * u_c = (margin + s_c - s_y) / q + (A_c - A_y) and S = sum of a: the one root of a falling, piecewise linear function.
 */

#if !defined(REAL) || !defined(VECTOR_BYTES)
#error "dual/row_problem.inc.h needs REAL, VECTOR_BYTES"
#endif

#define ROW_ROUNDS 64 /* Newton steps at most; two or three are usual */

/* The sums of two vectors' lanes. */
INLINE void R(two_totals)(VECTOR a, VECTOR b, REAL *totals) {
    VECTOR v;
#if LANES == 16
    v = PAIR(a, b, LOW_16_8, HIGH_16_8);
    v = PAIR(v, v, LOW_16_4, HIGH_16_4);
    v = PAIR(v, v, LOW_16_2, HIGH_16_2);
    v = PAIR(v, v, LOW_16_1, HIGH_16_1);
#elif LANES == 8
    v = PAIR(a, b, LOW_8_4, HIGH_8_4);
    v = PAIR(v, v, LOW_8_2, HIGH_8_2);
    v = PAIR(v, v, LOW_8_1, HIGH_8_1);
#elif LANES == 4
    v = PAIR(a, b, LOW_4_2, HIGH_4_2);
    v = PAIR(v, v, LOW_4_1, HIGH_4_1);
#else
    v = PAIR(a, b, LOW_2_1, HIGH_2_1);
#endif
    totals[0] = v[0];
    totals[1] = v[1];
}

/* The root S. u holds whole vectors, -infinity where no dual is. */
INLINE REAL R(row_total)(const REAL *u, ptrdiff_t padded, REAL upper, REAL most, REAL start) {
    REAL S = start, low = -1, high = most;
    const VECTOR top = BROADCAST(upper), one = BROADCAST((REAL)1), zero = BROADCAST((REAL)0);
    for (int round = 0; round < ROW_ROUNDS; round++) {
        VECTOR sum = zero, count = zero;
        for (ptrdiff_t c = 0; c < padded; c += LANES) {
            VECTOR a = *(const VECTOR *)(u + c), v = a - BROADCAST(S);
            INTEGERS above = v > zero, below = v < top, inside = above & below, full = above & ~below;
            sum += (VECTOR)(((INTEGERS)a & inside) | ((INTEGERS)top & full));
            count += (VECTOR)((INTEGERS)one & inside);
        }
        REAL totals[2], T;
        R(two_totals)(sum, count, totals);
        T = totals[0] / (1 + totals[1]); /* depends on S through the sets alone */
        if (T == S) break;
        if (T > S)
            low = S;
        else
            high = S;
        if (!(T > low && T < high)) T = (low + high) / 2;
        if (!(T > low && T < high)) break; /* neighbours */
        S = T;
    }
    return S;
}

/* Solves the row: A moves, change (k,) is what was added to it; returns whether any of it is not 0. */
static int R(solve_row)(const REAL *s, ptrdiff_t k, int32_t y, REAL margin, REAL q, REAL upper, REAL *u, REAL *A,
                        REAL *change) {
    REAL right = s[y], own = A[y], inverse = 1 / q, total = 0;
    int moved = 0;
    if (inverse - inverse == 0) {
        for (ptrdiff_t c = 0; c < k; c++) u[c] = ((s[c] - right) + margin) * inverse + (A[c] - own);
    } else { /* the scores do not depend on this row's duals */
        for (ptrdiff_t c = 0; c < k; c++) u[c] = (s[c] - right) + margin > 0 ? upper * (REAL)(k + 1) : -upper;
    }
    u[y] = -(REAL)INFINITY;
    REAL S = R(row_total)(u, (k + LANES - 1) / LANES * LANES, upper, upper * (REAL)k, -own);
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL a = u[c] - S;
        a = a > 0 ? a : 0;
        a = a < upper ? a : upper;
        total += a;
        change[c] = a - A[c];
        A[c] = a;
    }
    A[y] = -total;
    change[y] = -total - own;
    for (ptrdiff_t c = 0; c < k; c++) moved |= change[c] != 0;
    return moved;
}

/* How far the duals of a row may go. */
INLINE double R(row_upper)(const gd_problem *p, const gd_duals *asked, int64_t id) {
    return p->weights ? p->weights[id] / asked->mean_weight : 1;
}

/* The i-th visit of an epoch: as solve_row. */
static int R(visit_duals)(const gd_problem *p, const gd_duals *asked, ptrdiff_t i, const REAL *scores, REAL *u,
                          REAL *change) {
    int64_t place = asked->order[i], id = asked->rows[i];
    double q = (asked->squares[place] + asked->bias_square) * asked->unit;
    int moved = R(solve_row)(scores, p->n_classes, p->labels[id], (REAL)p->margin, (REAL)q,
                             (REAL)R(row_upper)(p, asked, id), u, (REAL *)asked->duals + place * p->n_classes, change);
    uint8_t *idle = asked->idle + place;
    *idle = moved ? 0 : *idle < GD_IDLE_MOST ? (uint8_t)(*idle + 1) : *idle;
    return moved;
}

INLINE void R(ask_for_duals)(const gd_problem *p, const gd_duals *asked, ptrdiff_t i) {
    int64_t place = asked->order[i], id = asked->rows[i];
    const REAL *duals = (const REAL *)asked->duals + place * p->n_classes;
    __builtin_prefetch(p->labels + id);
    __builtin_prefetch(asked->squares + place);
    __builtin_prefetch(asked->idle + place, 1);
    __builtin_prefetch(duals, 1);
    __builtin_prefetch(duals + p->n_classes - 1, 1);
    if (p->weights) __builtin_prefetch(p->weights + id);
}

#define READ_CONTIGUOUS(type, convert)                                                                                 \
    for (ptrdiff_t j = 0; j < d; j++) to[j] = (REAL)convert(((const type *)row)[j]);
#define READ_STRIDED(name)                                                                                             \
    for (ptrdiff_t j = 0; j < d; j++) to[j] = (REAL)scalar_##name(row + j * p->column_stride);
#define AS_IT_IS(x) (x)

/* Row `id` as the model sees it. inverse_scale (d,) is read where the problem has a scale. */
static void R(read_row)(const gd_problem *p, int64_t id, const double *inverse_scale, REAL *restrict to) {
    const char *row = p->x + id * p->row_stride;
    ptrdiff_t d = p->n_features, size = input_bytes(p->input);
    int aligned = ((uintptr_t)row | (uintptr_t)p->row_stride) % (uintptr_t)size == 0;
    if (p->column_stride == size && aligned) {
        switch (p->input) {
        case INPUT_UINT8: READ_CONTIGUOUS(uint8_t, AS_IT_IS) break;
        case INPUT_FLOAT16: READ_CONTIGUOUS(uint16_t, half_to_float) break;
        case INPUT_FLOAT32: READ_CONTIGUOUS(float, AS_IT_IS) break;
        case INPUT_FLOAT64: READ_CONTIGUOUS(double, AS_IT_IS) break;
        }
    } else {
        switch (p->input) {
        case INPUT_UINT8: READ_STRIDED(uint8_t) break;
        case INPUT_FLOAT16: READ_STRIDED(half) break;
        case INPUT_FLOAT32: READ_STRIDED(float) break;
        case INPUT_FLOAT64: READ_STRIDED(double) break;
        }
    }
    if (p->mean)
        for (ptrdiff_t j = 0; j < d; j++) to[j] = (REAL)((double)to[j] - p->mean[j]);
    if (p->scale)
        for (ptrdiff_t j = 0; j < d; j++) to[j] = (REAL)((double)to[j] * inverse_scale[j]);
}

static void R(invert_scale)(const gd_problem *p, double *inverse_scale) {
    for (ptrdiff_t j = 0; j < p->n_features && p->scale; j++) inverse_scale[j] = 1 / p->scale[j];
}

#undef ROW_ROUNDS
#undef READ_CONTIGUOUS
#undef READ_STRIDED
#undef AS_IT_IS
