/* The files of the losses, one line each; what is taken of them says the one who includes this. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/each.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

#include "losses/hinge.inc.h"
#include "losses/squared_hinge.inc.h"
#include "losses/cross_entropy.inc.h"
#include "losses/squared_error.inc.h"
#include "losses/huber.inc.h"
