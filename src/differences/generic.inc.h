/* Differences of any loss, in float64: its own function of scores on copies of a row's scores, each with one score moved.
 * k times the work of formulas made for a loss, and as exact as a row's loss is. What a loss without such formulas gets.
 */

#if !defined(ENTRIES_AT_ONCE) || !defined(PANEL_COLUMNS)
#error "differences/generic.inc.h needs ENTRIES_AT_ONCE, PANEL_COLUMNS"
#endif

#define STEPS_AT_ONCE ((BLOCK_ROWS_MOST - 1) / 2)

/* Row `id` of scores s (k,), score c moved by each of n steps: the differences are added to moved (n,). Crossings: a
 * coefficient that is not the same on both sides; what the difference has beyond the slope at the centre. */
static void move_score(const gd_problem *p, gd_scheme scheme, int64_t id, const double *s, ptrdiff_t c, const double *t,
                       ptrdiff_t n, double *copies, double *moved, int64_t *crossings) {
    ptrdiff_t k = p->n_classes;
    double weight = weight_of(p, id), losses[BLOCK_ROWS_MOST];
    int64_t ids[BLOCK_ROWS_MOST];
    if (weight == 0) return;
    for (int i = 0; i < BLOCK_ROWS_MOST; i++) ids[i] = id;
    for (ptrdiff_t q0 = 0, some; q0 < n; q0 += some) {
        some = n - q0 < STEPS_AT_ONCE ? n - q0 : STEPS_AT_ONCE;
        int n_copies = (int)(2 * some + 1); /* the row itself, then ahead and behind for each step */
        for (int i = 0; i < n_copies; i++) memcpy(copies + i * k, s, (size_t)k * sizeof(double));
        for (ptrdiff_t q = 0; q < some; q++) {
            copies[(2 * q + 1) * k + c] += t[q0 + q];
            copies[(2 * q + 2) * k + c] -= t[q0 + q];
        }
        GD(losses)[p->loss]->rows_double(p, ids, n_copies, copies, losses);
        for (ptrdiff_t q = 0; q < some; q++) {
            double ahead = losses[2 * q + 1], behind = losses[2 * q + 2];
            if (scheme == SCHEME_FORWARD)
                moved[q0 + q] += weight * (ahead - losses[0]);
            else if (scheme == SCHEME_CENTERED)
                moved[q0 + q] += weight * (ahead - behind);
            else if (copies[(2 * q + 1) * k + c] != copies[(2 * q + 2) * k + c]) {
                moved[q0 + q] += weight * ((ahead - behind) - 2 * t[q0 + q] * copies[c]);
                crossings[q0 + q]++;
            }
        }
    }
}

static void generic_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                          ptrdiff_t first, ptrdiff_t n_columns) {
    const gd_problem *p = j->problem;
    ptrdiff_t k = p->n_classes;
    (void)label;
    for (int r = 0; r < n_rows; r++)
        for (ptrdiff_t c = 0; c < k; c++) {
            ptrdiff_t at = c * j->stride + first;
            move_score(p, j->asked->scheme, ids[r], w->scores + r * k, c, w->plus + r * PANEL_COLUMNS, n_columns,
                       w->copies_of_scores, w->moved + at, w->crossings + at);
        }
}

static void generic_entries(const difference_entries *entries, ptrdiff_t stride, double *moved, int64_t *crossings) {
    (void)stride;
    for (int e = 0; e < entries->n; e++)
        for (ptrdiff_t c = 0; c < entries->problem->n_classes; c++)
            move_score(entries->problem, entries->scheme, entries->id[e], entries->terms[e], c, entries->t + e, 1,
                       entries->copies_of_scores, moved + c, crossings ? crossings + c : NULL);
}

static const gd_loss_differences generic_differences = {
    .factor = no_weight,
    .panel = generic_panel,
    .entries = {generic_entries, generic_entries},
};

/* Those of the problem's loss, or the generic ones. */
static const gd_loss_differences *differences_of(const gd_problem *p, const gd_differences *asked) {
    const gd_loss_differences *own = GD(losses)[p->loss]->differences;
    int without = asked->generic || !own || (asked->scheme == SCHEME_CROSSINGS && !own->crossings);
    return without ? &generic_differences : own;
}
