/* Epochs of coordinate descent: over all weights, and between two of those over the weights that are not 0. */

#if !defined(INLINE) || !defined(WATCHED_WORK)
#error "coordinate/epochs.inc.h needs common.inc.h"
#endif

/* Weights that are not 0, or that have just moved, are visited alone until they are this much nearer to their optimum. */
#define ACTIVE_SHARE 0.3
#define ACTIVE_EPOCHS 20

/* visit(model, j) moves weight j to its optimum and returns what its subgradient was; work(model, j): its multiply-adds.
   Scratch: active, (size,). */
INLINE void run_epochs(gd_visits *all, const void *model, double (*visit)(const void *, ptrdiff_t),
                       double (*work)(const void *, ptrdiff_t), int64_t *active, pool_control *control) {
    double done = WATCHED_WORK, enough = 0;
    ptrdiff_t n_active = 0;
    int active_epochs = 0; /* to come */
    for (all->epochs = 0; all->epochs < all->epochs_most;) {
        int over_all = active_epochs == 0;
        ptrdiff_t n = over_all ? all->size : n_active;
        double worst = 0;
        if (over_all) n_active = 0;
        for (ptrdiff_t i = 0; i < n; i++) {
            ptrdiff_t j = over_all ? i : active[i];
            double before = all->w[j], size = visit(model, j);
            worst = size > worst ? size : worst;
            if (over_all && (before != 0 || all->w[j] != 0)) active[n_active++] = j;
            done += work(model, j);
            if (done >= WATCHED_WORK) {
                if (pool_stopped(control, 0)) return;
                done = 0;
            }
        }
        all->epochs++;
        if (over_all) {
            all->violation = worst;
            if (!(worst > all->tolerance)) return;
            enough = ACTIVE_SHARE * worst > all->tolerance ? ACTIVE_SHARE * worst : all->tolerance;
            active_epochs = ACTIVE_EPOCHS;
        } else {
            active_epochs = worst > enough ? active_epochs - 1 : 0;
        }
    }
}
