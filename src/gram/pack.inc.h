/* Rows of one INPUT, packed for one REAL: (x - mean) / scale times the root of the row's weight, in double, then rounded
 * once, so that large offsets cancel before anything is lost. */

#if !defined(REAL) || !defined(INPUT) || !defined(PANEL_VECTORS)
#error "gram/pack.inc.h needs REAL, INPUT, PANEL_VECTORS"
#endif

#define PANEL (PANEL_VECTORS * LANES)

/* Some rows of a whole panel in place, each from column j on. What vectors are stored to might be anything for the
 * compiler: so the job is not asked again in between. */
INLINE void RI(pack_direct)(const gram_job *job, ptrdiff_t j, const char *const *rows, const double *roots, int n,
                            double *largest, REAL *to) {
    const double *means = job->mean + j, *inverses = job->inverse_scale + j;
    for (int c = 0; c < PANEL; c += DOUBLE_LANES) {
        vdouble mean = *(const vdouble *)(means + c), inverse = *(const vdouble *)(inverses + c);
        vdouble most = *(const vdouble *)(largest + c);
        for (int r = 0; r < n; r++) {
            vdouble z = (LOAD(double, INPUT)((const INPUT *)rows[r] + j + c) - mean) * inverse;
            if (roots) z *= broadcast_double(roots[r]);
            most = max_vdouble(most, max_vdouble(z, -z));
#if REAL_IS_DOUBLE
            *(vdouble *)(to + r * PANEL + c) = z;
#else
            store_float_double(to + r * PANEL + c, z);
#endif
        }
        *(vdouble *)(largest + c) = most;
    }
}

/* Any column of any stride; of ones where the bias is, of zeros beyond. */
APART void RI(pack_column)(const gram_job *job, ptrdiff_t j, ptrdiff_t i, ptrdiff_t n, double *largest, REAL *to) {
    const gd_problem *p = job->p;
    const double *roots = job->asked->roots;
    double most = largest[j];
    for (ptrdiff_t r = 0; r < n; r++, to += PANEL) {
        double z = j == p->n_features && p->has_bias;
        if (j < p->n_features)
            z = (SCALAR(INPUT)(p->x + gram_row(p, i + r) * p->row_stride + j * p->column_stride) - job->mean[j]) *
                job->inverse_scale[j];
        if (roots) z *= roots[i + r];
        most = fabs(z) > most ? fabs(z) : most;
        *to = (REAL)z;
    }
    largest[j] = most;
}

static void RI(pack)(const gram_job *job, ptrdiff_t part, int worker) {
    ptrdiff_t first = job->first + part * job->steps, n = job->first + job->n_rows - first;
    double *largest = job->largest + worker * job->n_panels * PANEL;
    REAL *panels = (REAL *)job->packed + part * job->n_panels * job->steps * PANEL;
    if (n > job->steps) n = job->steps;
    for (ptrdiff_t start = 0, few; start < n; start += few) {
        few = job->direct && n - start > PACKED_ROWS ? PACKED_ROWS : n - start;
        if (!job->direct && few > 4 * PACKED_ROWS) few = 4 * PACKED_ROWS;
        const char *rows[PACKED_ROWS], *next[PACKED_ROWS];
        const double *roots = job->asked->roots ? job->asked->roots + first + start : NULL;
        for (ptrdiff_t r = 0; job->direct && r < few; r++) {
            ptrdiff_t later = start + few + r < n ? start + few + r : n - 1;
            rows[r] = job->p->x + gram_row(job->p, first + start + r) * job->p->row_stride;
            next[r] = job->p->x + gram_row(job->p, first + later) * job->p->row_stride;
        }
        for (ptrdiff_t panel = 0; panel < job->n_panels; panel++) {
            REAL *to = panels + (panel * job->steps + start) * PANEL;
            ptrdiff_t j = panel * PANEL;
            if (job->direct && j + PANEL <= job->p->n_features) {
                for (ptrdiff_t r = 0; r < few; r++)
                    fetch_ahead(next[r] + j * (ptrdiff_t)sizeof(INPUT), PANEL * sizeof(INPUT));
                RI(pack_direct)(job, j, rows, roots, (int)few, largest + j, to);
            } else
                for (int c = 0; c < PANEL; c++) RI(pack_column)(job, j + c, first + start, few, largest, to + c);
        }
    }
}

#undef PANEL
