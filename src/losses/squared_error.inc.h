/* The squared error: sum over outputs of (s_c - target_c)^2. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/squared_error.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

INLINE double R(squared_error_row)(REAL *s, ptrdiff_t k, const double *target) {
    double sum = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double residual = (double)s[c] - target[c];
        sum += residual * residual;
        s[c] = (REAL)(2 * residual);
    }
    return sum;
}

static void R(squared_error_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(squared_error_row)(scores + r * k, k, p->targets + ids[r] * k);
}

#endif

/* ---- differences, in float64 ---- */
#if defined(LOSS_IN_DIFFERENCES)

#define SQUARED_ERROR_CENTERED_TERM(acc, other, m, t, limit)                                                           \
    vdouble up = m + t, down = m - t;                                                                                  \
    acc = fma_vdouble(up - down, up + down, acc);
#define SQUARED_ERROR_FORWARD_TERM(acc, other, m, t, limit)                                                            \
    vdouble up = m + t;                                                                                                \
    acc = fma_vdouble(up - m, up + m, acc);

#define SQUARED_ERROR_TILES(CLASSES, MANY)                                                                                     \
    DEFINE_DIFFERENCE_TILE(squared_error_centered, CLASSES, MANY, SQUARED_ERROR_CENTERED_TERM, 0, 0)                                   \
    DEFINE_DIFFERENCE_TILE(squared_error_forward, CLASSES, MANY, SQUARED_ERROR_FORWARD_TERM, 0, 0)
EACH_TILE(SQUARED_ERROR_TILES, )
#define SQUARED_ERROR_TILE_ROW(CLASSES, MANY) {squared_error_centered_##CLASSES, squared_error_forward_##CLASSES}
static const difference_tiles squared_error_tiles[] = {{NULL, NULL}, EACH_TILE(SQUARED_ERROR_TILE_ROW, COMMA)};

DEFINE_ENTRY_DIFFERENCES(squared_error_centered, SQUARED_ERROR_CENTERED_TERM, 0, 0, 0, 0)
DEFINE_ENTRY_DIFFERENCES(squared_error_forward, SQUARED_ERROR_FORWARD_TERM, 0, 0, 0, 0)

static void squared_error_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                                ptrdiff_t first, ptrdiff_t n_columns) {
    (void)ids, (void)n_columns;
    (void)label;
    add_tiles(j, w, squared_error_tiles, n_rows, NO_LABEL, first);
}

const gd_loss_differences GD(squared_error_differences) = {
    .factor = weight_root,
    .terms = to_residuals,
    .panel = squared_error_panel,
    .entries = {squared_error_centered_entries, squared_error_forward_entries},
};

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row squared_error_loss = {
    .name = "squared_error",
    .rows_float = squared_error_rows_float,
    .rows_double = squared_error_rows_double,
    .takes_labels = 0,
    .zero_is_flat = 1,
    .differences = &GD(squared_error_differences),
};

#endif
