/* Scratch of many steps on dense rows, for one REAL and MASTER. */

#if !defined(REAL) || !defined(MASTER) || !defined(TILE_CLASSES)
#error "steps/dense_scratch.inc.h needs REAL, MASTER, TILE_CLASSES"
#endif

typedef struct U(descent) {
    R(worker) worker;
    MASTER *w, *bias, *state[2], *bias_state[2];
    REAL *effective, *effective_bias;
    REAL *segment, *zeros;
    double *inverse_scale, *mean;
} U(descent);

static layout U(descent_layout)(const gd_problem *p) {
    layout l = make_layout(p, 1, LANES);
    l.chunk_rows = l.n_chunks = 1;
    return l;
}

/* Vectors of a tile that are moved at a time: weights, gradient and two states of them fit the first-level cache, and the
 * parts of penalties come out even. */
static ptrdiff_t U(segment_vectors)(ptrdiff_t classes) {
    ptrdiff_t n = SEGMENT_BYTES / (4 * classes * VECTOR_BYTES) / 8 * 8;
    return n < 8 ? 8 : n;
}

/* l1 * sum |w| + l2 * sum w^2 of packed weights */
static double U(packed_penalty)(const gd_descent *asked, const layout *l, const MASTER *w) {
    U(penalties) sum = {{0}, {0}};
    if (asked->l1 == 0 && asked->l2 == 0) return 0;
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < l->n_tiles; tile++, c0 += classes) {
        classes = tile_classes(l, tile);
        ptrdiff_t segment = U(segment_vectors)(classes);
        for (ptrdiff_t v = 0, n; v < l->n_vectors; v += n) {
            n = l->n_vectors - v < segment ? l->n_vectors - v : segment;
            U(add_penalties)(asked, w + (c0 * l->n_vectors + v * classes) * LANES, n * classes * LANES, &sum);
        }
    }
    return U(penalty_of)(asked, &sum);
}

static size_t U(lay_descent)(char *base, U(descent) * s, const gd_problem *p, const gd_descent *asked,
                             const layout *l) {
    size_t used = 0, size, k = (size_t)p->n_classes, packed = k * (size_t)(l->n_vectors * LANES);
    R(lay_worker)(NULL, p, l, &size);
    char *worker = carve(base, &used, size);
    if (base) s->worker = R(carve_worker)(worker, p, l);
    s->w = carve(base, &used, packed * sizeof(MASTER));
    s->bias = carve(base, &used, k * sizeof(MASTER));
    for (int i = 0; i < 2; i++) {
        int kept = i < asked->n_states;
        s->state[i] = kept ? carve(base, &used, packed * sizeof(MASTER)) : NULL;
        s->bias_state[i] = kept ? carve(base, &used, k * sizeof(MASTER)) : NULL;
    }
    s->effective = carve(base, &used, packed * sizeof(REAL));
    s->effective_bias = carve(base, &used, k * sizeof(REAL));
    s->segment = carve(base, &used, SEGMENT_BYTES + 8 * TILE_CLASSES * sizeof(VECTOR));
    s->zeros = carve(base, &used, (size_t)(l->n_vectors * LANES) * sizeof(REAL));
    s->inverse_scale = carve(base, &used, (size_t)(l->n_vectors * LANES) * sizeof(double));
    s->mean = carve(base, &used, (size_t)(l->n_vectors * LANES) * sizeof(double));
    return used;
}

static size_t U(take_steps_scratch)(const gd_problem *p, const gd_descent *asked) {
    U(descent) s;
    layout l = U(descent_layout)(p);
    return U(lay_descent)(NULL, &s, p, asked, &l);
}
