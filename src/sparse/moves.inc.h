/* How a visit of sparse rows moves the weights. */

/* How a stochastic step moves the weights (steps/sparse.inc.h). */
typedef enum { MOVE_ROWS, MOVE_TOUCHED, MOVE_ALL } sparse_move;
