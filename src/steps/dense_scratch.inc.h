/* Scratch of many steps on dense rows, for one REAL and MASTER. */

#if !defined(REAL) || !defined(MASTER) || !defined(TILE_CLASSES)
#error "steps/dense_scratch.inc.h needs REAL, MASTER, TILE_CLASSES"
#endif

typedef struct U(descent) {
    R(worker) worker;
    MASTER *w, *bias, *state[2], *bias_state[2];
    REAL *effective, *effective_bias;
    double *inverse_scale, *mean;
} U(descent);

static layout U(descent_layout)(const gd_problem *p) {
    layout l = make_layout(p, 1, LANES);
    l.chunk_rows = l.n_chunks = 1;
    return l;
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
    s->inverse_scale = carve(base, &used, (size_t)(l->n_vectors * LANES) * sizeof(double));
    s->mean = carve(base, &used, (size_t)(l->n_vectors * LANES) * sizeof(double));
    return used;
}

static size_t U(take_steps_scratch)(const gd_problem *p, const gd_descent *asked) {
    U(descent) s;
    layout l = U(descent_layout)(p);
    return U(lay_descent)(NULL, &s, p, asked, &l);
}
