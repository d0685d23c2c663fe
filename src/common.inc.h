/* What every unit of kernels begins with: the contract, names, vectors of this instruction set, how a problem is cut. */

#ifndef GD_ISA
#error "kernels are compiled once for each instruction set, with -DGD_ISA=name"
#endif

#include <math.h>
#include <string.h>

#include "families.h"
#include "kernels.h"

#include "names.inc.h"
#include "vectors.inc.h"
#include "layout.inc.h"
