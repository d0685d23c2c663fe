/* Picks the table of kernels that this processor runs. */
#ifndef GD_DISPATCH_H
#define GD_DISPATCH_H

#include "kernels.h"

/* The table of the instruction set named by `request`, or, when that is NULL, the best one that this build
 * has and this processor runs; *name is its name. NULL for a request that cannot be met. */
const gd_kernels *gd_choose(const char *request, const char **name);

/* The names that gd_choose accepts here, best first; writes at most GD_MAX_TABLES and returns how many. */
#define GD_MAX_TABLES 3
int gd_available(const char **names);

/* The compilers of this build, as one string. */
const char *gd_compiler(void);

#endif
