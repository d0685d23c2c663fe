"""Arguments that are not what their name says elsewhere: "callable.argument", or "Class.*.argument" for its methods."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import gdfast as gd
from reliability import bad_arrays as arrays
from reliability import bad_values as values
from reliability.arguments import (
    ARGUMENTS,
    CONTAINERS,
    LEFT_OUT,
    NON_FINITE_POINT,
    Argument,
    U,
    V,
    W,
    X,
    Y,
    copy_of,
    function,
    linear,
    number,
    squares,
)
from reliability.bad_values import EITHER, SURVIVES, Bad, constant

OBJECTIVES = ("LinearObjective", "ChunkedObjective")


def several(right: tuple[Any, ...], *more: Bad) -> Argument:
    """A sequence of positive numbers."""
    return Argument(
        lambda: right,
        (
            *values.NOTHING_LIKE_IT,
            *values.NOT_FINITE,
            *values.NOT_A_FUNCTION,
            *(
                constant(f"holds {bad.name}", (0.5, bad.make(0.5)))
                for bad in values.POSITIVE
                if bad.want == values.REFUSED
            ),
            constant("empty tuple", ()),
            constant("empty list", []),
            constant("a number", 0.5),
            constant("0-d array", np.array(0.5)),
            constant("matrix", np.full((2, 2), 0.5)),
            constant("array with 0", np.array([0.5, 0.0])),
            constant("array with NaN", np.array([0.5, np.nan])),
            constant("complex array", np.array([0.5j, 0.25])),
            constant("bool array", np.array([True, True])),
            constant("object array", np.array([0.5, None])),
            constant("masked array", np.ma.MaskedArray([0.5, 0.25], [True, False])),
            Bad("list", list, EITHER),
            Bad("array", np.array, EITHER),
            Bad("float32 array", lambda v: np.array(v, dtype=np.float32), EITHER),
            Bad("read-only array", lambda v: np.broadcast_to(np.array(v), (len(v),)), EITHER),
            *more,
        ),
    )


def names(right: tuple[str, ...]) -> Argument:
    """A sequence of text, of a certain length."""
    return Argument(
        lambda: right,
        (
            *(bad for bad in values.NOTHING_LIKE_IT),
            *values.NOT_FINITE,
            *values.NOT_A_FUNCTION,
            constant("empty", ()),
            constant("one more", (*right, "more")),
            constant("one less", right[:-1]),
            constant("numbers", tuple(range(len(right)))),
            constant("None among them", (None, *right[1:])),
            constant("bytes", tuple(name.encode() for name in right)),
            constant("nested", tuple([name] for name in right)),
            constant("0", 0),
            constant("True", True),
            Bad("list", list, values.SAME),
            Bad("array", np.array, EITHER),
        ),
    )


OTHER_LABELS = {
    *("-1", "int64 minimum", "2**32, which int32 makes 0", "2**63", "2**64 - 1", "float dtype", "float16 dtype"),
    *("one axis more", "list with text", "text dtype", "bytes dtype", "bool dtype", "object dtype"),
}
_weights = ARGUMENTS["w"]
_stack = [W, V, W + V]
WS = Argument(
    lambda: [w.copy() for w in _stack],
    (
        *(bad for bad in values.FUNCTION if bad.name not in ("dict", "numpy's module")),
        constant("list of NaN", [W, V * np.nan]),
        constant("list of inf", [W, V + np.inf]),
        constant("list of two shapes", [W, V.T]),
        constant("list of one", [W]),
        constant("list of equals", [W, W.copy()]),
        constant("list with None", [W, None]),
        constant("list with text", [W, "text"]),
        constant("list of integers", [W.astype(int), V.astype(int)]),
        constant("list of complex", [W + 0j, V + 0j]),
        constant("list of masked", [W, np.ma.MaskedArray(V, V > 0)]),
        constant("list of objects", [W.astype(object), V.astype(object)]),
        constant("list of empty", [np.zeros((3, 0)), np.zeros((3, 0))]),
        constant("list of numbers", [1.0, 2.0]),
        constant("empty array", np.zeros((0, 3, 4))),
        constant("0-d array", np.array(1.0)),
        constant("masked array", np.ma.MaskedArray(np.stack(_stack), np.stack(_stack) > 0)),
        constant("complex array", np.stack(_stack) + 0j),
        constant("integer array", np.stack(_stack).astype(int)),
        Bad("array", np.stack, values.SAME),
        Bad("tuple", tuple, EITHER),
        Bad("Fortran order", lambda ws: [np.asfortranarray(w) for w in ws], values.SAME),
        Bad("generator", lambda ws: (w for w in ws), EITHER),
        Bad("all 1e308", lambda ws: [ws[0], np.full_like(ws[1], 1e308)], SURVIVES),
        Bad("all 5e-324", lambda ws: [0 * ws[0], np.full_like(ws[1], 5e-324)], SURVIVES),
    ),
    called=("weights",),
)
INDEX = Argument(
    lambda: (1, 2),
    (
        *values.NOTHING_LIKE_IT,
        *values.NOT_FINITE,
        constant("-1", -1),
        constant("size", 12),
        constant("10**400", 10**400),
        constant("1.0", 1.0),
        constant("True", True),
        constant("(1,)", (1,)),
        constant("(1, 2, 0)", (1, 2, 0)),
        constant("(3, 0)", (3, 0)),
        constant("(0, 4)", (0, 4)),
        constant("(-1, 0)", (-1, 0)),
        constant("(1.0, 2)", (1.0, 2)),
        constant("(True, 2)", (True, 2)),
        constant("(None, 2)", (None, 2)),
        constant("('1', 2)", ("1", 2)),
        constant("(2**63, 0)", (2**63, 0)),
        constant("(10**400, 0)", (10**400, 0)),
        constant("()", ()),
        constant("slice", slice(0, 1)),
        constant("array with -1", np.array([-1, 0])),
        constant("float array", np.array([1.0, 2.0])),
        constant("bool array", W > 0),
        constant("matrix", np.ones((2, 2), dtype=int)),
        constant("masked array", np.ma.MaskedArray([1, 2], [True, False])),
        Bad("list", list, EITHER),
        Bad("array", np.array, EITHER),
        Bad("flat", lambda i: i[0] * 4 + i[1], EITHER),
        Bad("numpy integers", lambda i: tuple(np.int8(j) for j in i), EITHER),
    ),
)
FACTS = Argument(
    lambda: {"alpha": 0.5},
    (
        *(bad for bad in values.FUNCTION if bad.name != "dict"),
        constant("holds an object", {"a": object()}),
        constant("holds an array", {"a": np.ones(2)}),
        constant("holds a set", {"a": {1}}),
        constant("holds bytes", {"a": b"1"}),
        constant("key a tuple", {(1, 2): 1}),
    ),
)
MODEL = Argument(lambda: W.copy(), arrays.matrix_of_weights(), called=("W", "model"))
_columns = tuple(bad for bad in values.COUNT_FROM_0 if bad.name not in ("-1", "text", "a digit as text", "numpy text"))
_names_of_classes = tuple(  # labels may be anything that can be told apart; text is the path of a file
    bad._replace(want=SURVIVES) if bad.name in OTHER_LABELS else bad
    for bad in arrays.LABELS
    if bad.name not in ("text", "empty text", "a digit as text", "numpy text", "huge, of stride 0")
)
_two = names(("0", "1"))
NAMES_OF_CLASSES = replace(
    _two, bad=tuple(bad for bad in _two.bad if bad.name != "one more"), called=("classes",)
)  # a class may have no rows
NONSENSE = tuple(bad.name for bad in values.OBJECTIVE if bad.name.startswith(("value is", "gradient of")))
PAIR = copy_of(
    np.array([0.0, 1.0]), tuple(bad for bad in arrays.SEVERAL if bad.name not in ("0-d", "more than fit in memory"))
)
_labels_of_scores = copy_of(Y, arrays.labels(3))
_targets = copy_of(np.stack([Y, Y * 0.5, 1.0 - Y], axis=1), arrays.REAL_ROW)
_flat = tuple(bad for bad in arrays.POINT if bad.name not in ("Fortran order",))


def finished_run() -> str:
    """A checkpoint of the example objective, made anew."""
    gd.minimize(linear(), W, gd.Adam(), max_steps=3, checkpoint=gd.Checkpoint("run.npz"))
    return "run.npz"


def saved_model() -> str:
    """A model file, made anew."""
    gd.save_model("model.npz", W)
    return "model.npz"


def saved_line() -> str:
    """A landscape file, made anew."""
    gd.landscape.line(linear(), W, V, [0.0, 1.0]).save("line.npz")
    return "line.npz"


COLUMNS = (
    *(b for b in values.NOTHING_LIKE_IT if b.name not in ("a digit as text", "set", "generator")),
    *values.NOT_A_FUNCTION,
    *values.NOT_FINITE,
    *values.BEYOND,
    constant("bytes among them", (b"b",)),
    constant("None among them", ("a", None)),
    constant("a flag among them", ("a", True)),
    constant("a fraction among them", ("a", 1.0)),
    constant("nested", (("a",),)),
    constant("True", True),
    constant("17", 17),
    constant("no such column", ("a", "z")),
    Bad("list", list, values.SAME),
    Bad("array", np.array, values.SAME),
)
MARK = (*(b for b in values.WORD if b.name not in ("upper case",)), constant("two", ",,"), constant("a quote", '"'))


def table() -> str:
    """A CSV file of three rows, made anew."""
    Path("table.csv").write_text("a,b,label\n0.5,1,0\n2,-1,1\n0.25,3,1\n")
    return "table.csv"


def _jacobian_example(w: Any) -> Any:
    return np.sin(w)


SPECIAL: dict[str, Argument] = {
    "FunctionObjective.*.w": Argument(W.copy, NON_FINITE_POINT, called=("x",)),
    "test_functions.*.w": copy_of(np.array([0.5, 1.5]), NON_FINITE_POINT),
    **{
        f"test_functions.{name}.*.w": copy_of(np.array([0.5]), NON_FINITE_POINT)
        for name in ("Valley", "Inflection", "Hill", "Bumpy")
    },
    **{f"{name}.proximal.w": copy_of(W, arrays.POINT) for name in ("L1", "L2", "ElasticNet")},
    **{f"{name}.*.W": copy_of(W, NON_FINITE_POINT) for name in ("L1", "L2", "ElasticNet")},
    **{f"{name}.*.y": _labels_of_scores for name in ("Hinge", "SquaredHinge", "CrossEntropy", "ScoreLoss")},
    **{f"{name}.*.y": _targets for name in ("SquaredError", "Huber")},
    "Path.plot.ax": Argument(lambda: None, tuple(bad for bad in values.FUNCTION if bad.name != "Ellipsis")),
    "regularization_path.objective": Argument(linear, values.OBJECTIVE),
    "regularization_path.strengths": copy_of(
        np.array([0.5, 0.25, 0.125]),
        (
            *(bad for bad in arrays.SEVERAL if bad.name != "one"),
            *(bad for bad in arrays.NON_NEGATIVE_ROW if bad.name == "one negative"),
            constant("twice the same", [0.5, 0.25, 0.5]),
            constant("no strengths", 0),
            constant("-3", -3),
            constant("10**400", 10**400),
            constant("True", True),
        ),
    ),
    "along_ray.w": _weights,
    "numerical_jacobian.f": Argument(lambda: _jacobian_example, values.FUNCTION),
    "numerical_hessian.gradient": Argument(lambda: lambda w: w + w, values.FUNCTION),
    "step_sweep.at": Argument(lambda: W.copy(), arrays.POINT, {"x": LEFT_OUT}),
    **{
        f"{name}.steps": number(8, (*values.COUNT, *values.LARGE_INTEGER))
        for name in ("Cosine", "OneCycle", "Polynomial", "Warmup")
    },
    **{
        name: Argument(linear, tuple(bad for bad in values.OBJECTIVE if bad.name not in left), called=("value",))
        for name, left in {
            "random_search.objective": ("only a value", "gradient of another shape"),
            "local_search.objective": ("only a value", "gradient of another shape"),
            "to_scipy.objective": NONSENSE,
            "suggest_step.objective": (),
            **dict.fromkeys(
                (
                    *("landscape.line.objective", "landscape.plane.objective", "landscape.weight.objective"),
                    *("landscape.trajectory.objective", "along_ray.objective", "on_plane.objective"),
                ),
                ("gradient of another shape",),
            ),
        }.items()
    },
    **{
        f"direction_between.{name}": copy_of(right, (*arrays.POINT, *arrays.SHAPES))
        for name, right in {"W0": W, "W1": V}.items()
    },
    **{f"{kind}.bound_from_gradient.value": number(0.5, values.REAL) for kind in OBJECTIVES},
    **{f"{kind}.bound_from_gradient.gradient": copy_of(V, arrays.WEIGHTS) for kind in OBJECTIVES},
    "landscape.step_sizes.direction": Argument(V.copy, arrays.WEIGHTS, called=("V",)),
    "Ray.*.step": number(0.5, values.REAL),
    "Plane.edges.a": PAIR,
    "Plane.edges.b": PAIR,
    "Backtracking.start": number(0.5, values.POSITIVE),
    "StrongWolfe.start": number(0.5, values.POSITIVE),
    "InverseTime.decay": number(0.5, values.NON_NEGATIVE),
    **{
        f"{kind}.values_at.Ws": copy_of(
            np.stack([W, V]), tuple(b for b in arrays.WEIGHTS if b.name not in ("a row less", "a row more", "twice"))
        )
        for kind in OBJECTIVES
    },
    "differences.evaluations.x": copy_of(W, NON_FINITE_POINT),
    "Model.W": copy_of(W, arrays.matrix_of_weights()),
    "random_search.scale": number(0.5, values.POSITIVE),
    "resume.path": Argument(finished_run, values.PATH),
    "GradientReport.name.flat": Argument(lambda: 1, ()),
    **{
        f"{function}.at": Argument(W.copy, CONTAINERS, called=("gradient(x)",))
        for function in ("check_gradient", "testing.assert_gradient")
    },
    "check_jacobian.f": function(np.sin),
    "check_jacobian.jacobian": function(lambda x: np.diagflat(np.cos(x)).reshape(x.shape + x.shape)),
    "check_jacobian.scale": number(1.0, values.POSITIVE),
    "check_product.f": function(np.sin),
    "check_product.product": function(lambda x, v: np.cos(x) * v),
    "check_product.kind": number("vjp", values.WORD),  # type: ignore[arg-type]
    "check_product.direction": copy_of(V, arrays.REAL_ROW),
    "check_product.scale": number(1.0, values.POSITIVE),
    **{f"{name}.x": copy_of(W, CONTAINERS) for name in ("check_jacobian", "check_product")},
    "check_gradient.scale": number(1.0, values.POSITIVE),
    "resume.metrics": Argument(dict, tuple(bad for bad in ARGUMENTS["metrics"].bad if bad.name != "empty dict")),
    "load_model.path": Argument(saved_model, values.PATH),
    "landscape.load.path": Argument(saved_line, values.PATH),
    "resume.max_steps": number(5, values.COUNT_FROM_0),
    "datasets.load.path": Argument(table, values.PATH, called=("file",)),
    "datasets.load.y": Argument(lambda: np.array([0, 1, 1]), _names_of_classes, called=("labels",)),
    "datasets.load.label": number(2, _columns),
    "datasets.load.drop": Argument(lambda: ("b",), COLUMNS, called=("label",)),
    "datasets.load.columns": Argument(lambda: ("a", "b", "label"), COLUMNS, called=("label",)),
    "datasets.load.header": number(True, values.FLAG),
    "datasets.load.delimiter": number(",", MARK),  # type: ignore[arg-type]
    "datasets.load.decimal": Argument(lambda: ".", MARK, called=("delimiter",)),
    "datasets.load.encoding": number("ascii", tuple(bad for bad in MARK if bad.name != "with a space")),  # type: ignore[arg-type]
    "datasets.load.zero_based": number(True, tuple(bad for bad in values.FLAG if bad.name != "None")),
    "datasets.load.targets": number(True, values.FLAG),
    "datasets.load.n_features": number(2, values.COUNT),
    "datasets.load.class_names": NAMES_OF_CLASSES,
    "datasets.load.mmap": number(True, values.FLAG),
    "datasets.load.trusted": number(True, values.FLAG),
    "ProximalGradient.momentum": number(True, values.FLAG),
    "ScoreLoss.function": function(squares),
    "ScoreLoss.curvature": number(0.5, values.POSITIVE),
    "GridSearch.candidates": several((0.5, 0.25)),
    "Sequence.rates": several((0.5, 0.25)),
    "PiecewiseConstant.rates": several((0.5, 0.25), constant("one more", (0.5, 0.25, 0.125)), constant("one", (0.5,))),
    "PiecewiseConstant.boundaries": Argument(
        lambda: (2,),
        (
            *values.NOTHING_LIKE_IT,
            *values.NOT_FINITE,
            *(constant(f"holds {b.name}", (b.make(2),)) for b in values.COUNT if b.want == values.REFUSED),
            constant("falling", (3, 2)),
            constant("equal", (2, 2)),
            constant("empty", ()),
            constant("a number", 2),
            Bad("list", list, EITHER),
            Bad("array", np.array, EITHER),
        ),
        {"rates": (0.5, 0.25)},
        called=("rates",),
    ),
    "Warmup.then": Argument(lambda: gd.Constant(0.5), values.FUNCTION),
    "Model.class_names": names(("a", "b", "c")),
    "Model.feature_names": names(("a", "b", "c")),
    "Model.facts": FACTS,
    "save_model.model": MODEL,
    "landscape.principal_directions.ws": WS,
    "landscape.trajectory.ws": WS,
    "landscape.principal_directions.origin": copy_of(U, arrays.WEIGHTS),
    "landscape.weight.index": INDEX,
    "Model.*.X": Argument(X.copy, arrays.matrix()),
    **{f"{kind}.predict.X": Argument(X.copy, arrays.matrix()) for kind in OBJECTIVES},
    "GradientReport.worst.k": number(1, values.COUNT_FROM_0),
    "SanityReport.with_severity.severity": number("warning", values.WORD),  # type: ignore[arg-type]
    "MiniBatches.*.k": number(1, (*values.COUNT_FROM_0,)),
}
