/* The squared hinge: sum over c != y of max(0, s_c - s_y + margin)^2. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/squared_hinge.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

INLINE double R(squared_hinge_row)(REAL *s, ptrdiff_t k, int32_t y, REAL margin) {
    REAL correct = s[y], sum = 0, total = 0;
    s[y] = -(REAL)INFINITY;
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL m = (s[c] - correct) + margin;
        m = m > 0 ? m : (REAL)0;
        sum += m * m;
        s[c] = 2 * m;
        total += 2 * m;
    }
    s[y] = -total;
    return correct - correct == 0 ? (double)sum : (double)NAN;
}

static void R(squared_hinge_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(squared_hinge_row)(scores + r * k, k, p->labels[ids[r]], (REAL)p->margin);
}

#if REAL_IS_DOUBLE
#define SQUARED_HINGE_GRID_TERM(sum, t)                                                                                \
    vdouble over = max_vdouble(broadcast_double(0), t);                                                                \
    sum = fma_vdouble(over, over, sum)
DEFINE_ON_GRID(squared_hinge, SQUARED_HINGE_GRID_TERM, 2)
#endif

#endif

/* ---- differences, in float64 ---- */
#if defined(LOSS_IN_DIFFERENCES)

#define SQUARED_HINGE_CENTERED_TERM(acc, other, m, t, limit)                                                           \
    vdouble up = max_vdouble(m + t, broadcast_double(0)), down = max_vdouble(m - t, broadcast_double(0));              \
    acc = fma_vdouble(up - down, up + down, acc);
#define SQUARED_HINGE_FORWARD_TERM(acc, other, m, t, limit)                                                            \
    vdouble here = max_vdouble(m, broadcast_double(0)), up = max_vdouble(m + t, broadcast_double(0)),                  \
            down = max_vdouble(m - t, broadcast_double(0));                                                            \
    acc = fma_vdouble(up - here, up + here, acc);                                                                      \
    other = fma_vdouble(down - here, down + here, other);

#define SQUARED_HINGE_TILES(CLASSES, MANY)                                                                                     \
    DEFINE_DIFFERENCE_TILE(squared_hinge_centered, CLASSES, MANY, SQUARED_HINGE_CENTERED_TERM, 1, 0)                                   \
    DEFINE_DIFFERENCE_TILE(squared_hinge_forward, CLASSES, MANY, SQUARED_HINGE_FORWARD_TERM, 0, 0)
EACH_TILE(SQUARED_HINGE_TILES, )
#define SQUARED_HINGE_TILE_ROW(CLASSES, MANY) {squared_hinge_centered_##CLASSES, squared_hinge_forward_##CLASSES}
static const difference_tiles squared_hinge_tiles[] = {{NULL, NULL}, EACH_TILE(SQUARED_HINGE_TILE_ROW, COMMA)};

DEFINE_ENTRY_DIFFERENCES(squared_hinge_centered, SQUARED_HINGE_CENTERED_TERM, 0, 1, 1, 0)
DEFINE_ENTRY_DIFFERENCES(squared_hinge_forward, SQUARED_HINGE_FORWARD_TERM, 0, 1, 0, 0)

static void squared_hinge_terms(const gd_problem *p, const int64_t *ids, int n_rows, ptrdiff_t label, double *scores) {
    for (int r = 0; r < n_rows; r++) to_margins(p, weight_root(weight_of(p, ids[r])), label, scores + r * p->n_classes);
}

static void squared_hinge_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                                ptrdiff_t first, ptrdiff_t n_columns) {
    (void)ids, (void)n_columns;
    add_tiles(j, w, squared_hinge_tiles, n_rows, label, first);
}

const gd_loss_differences GD(squared_hinge_differences) = {
    .factor = weight_root,
    .terms = squared_hinge_terms,
    .panel = squared_hinge_panel,
    .entries = {squared_hinge_centered_entries, squared_hinge_forward_entries},
    .padding = -INFINITY,
};

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row squared_hinge_loss = {
    .name = "squared_hinge",
    .rows_float = squared_hinge_rows_float,
    .rows_double = squared_hinge_rows_double,
    .takes_labels = 1,
    .zero_is_flat = 1,
    .fixed_point = 1,
    .differences = &GD(squared_hinge_differences),
    .on_grid_scratch = grid_terms_scratch,
    .on_grid = squared_hinge_on_grid,
};

#endif
