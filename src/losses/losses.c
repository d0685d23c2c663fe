/* The table of losses of one instruction set. */

#include "common.inc.h"

#define LOSS_ON_SCORES
#include "real_float.inc.h"
#include "losses/each.inc.h"
#include "losses/pair_squares.inc.h"
#include "losses/centred_squares.inc.h"
#include "real_end.inc.h"
#include "real_double.inc.h"
#include "losses/grid_terms.inc.h"
#include "losses/each.inc.h"
#include "losses/pair_squares.inc.h"
#include "losses/centred_squares.inc.h"
#include "real_end.inc.h"
#undef LOSS_ON_SCORES

#define LOSS_FACTS
#include "losses/each.inc.h"
#include "losses/pair_squares.inc.h"
#include "losses/centred_squares.inc.h"
#undef LOSS_FACTS

#define LOSS_PLACE(name) &name##_loss,
const gd_loss_row *const GD(losses)[] = {EACH_LOSS(LOSS_PLACE) & pair_squares_loss, &centred_squares_loss};
_Static_assert(sizeof GD(losses) / sizeof GD(losses)[0] == LOSS_ROWS, "one row for each loss");
