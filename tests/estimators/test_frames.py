"""Frames of pandas: text, object, category and nullable labels are classes; missing ones are refused by row."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from scipy.sparse import csr_matrix, issparse
from sklearn.utils.validation import check_array

from gdfast.estimators import GDClassifier, GDRegressor

pandas = pytest.importorskip("pandas")
RNG = np.random.default_rng(2)
X = pandas.DataFrame(RNG.standard_normal((40, 3)), columns=list("abc"))
WORDS = np.where(X["a"] > 0, "x", "y")
LABELS = {
    "object": pandas.Series(WORDS, dtype=object),
    "category": pandas.Series(pandas.Categorical(WORDS, categories=["y", "x", "never"])),
    "text": pandas.Series(WORDS, dtype="string"),
    "an index of its own": pandas.Series(WORDS, index=range(100, 140)),
    "list": WORDS.tolist(),
}
MISSING = {
    "None": pandas.Series([*WORDS[:7], None, *WORDS[8:]], dtype=object),
    "NaN": pandas.Series([*WORDS[:7], np.nan, *WORDS[8:]], dtype=object),
    "NA": pandas.Series([*WORDS[:7], pandas.NA, *WORDS[8:]], dtype="string"),
    "a missing category": pandas.Series(pandas.Categorical([*WORDS[:7], None, *WORDS[8:]])),
    "None in a list": [*WORDS[:7].tolist(), None, *WORDS[8:].tolist()],
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_kind_are_the_same_classes(kind):
    model = GDClassifier(random_state=0).fit(X, LABELS[kind])
    plain = GDClassifier(random_state=0).fit(X.to_numpy(), WORDS)
    assert model.classes_.tolist() == ["x", "y"]
    assert np.array_equal(model.coef_, plain.coef_)
    assert model.predict(X).tolist() == plain.predict(X.to_numpy()).tolist()


@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_refused_by_row(kind):
    with pytest.raises(ValueError, match=r"y must name a class in every row; y\[7\] is missing"):
        GDClassifier().fit(X, MISSING[kind])
    with pytest.raises(ValueError, match=r"y must name a class in every row; y\[7\] is missing"):
        GDClassifier().partial_fit(X, MISSING[kind], classes=["x", "y"])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_frames_of_sparse_columns_are_sparse_data(dtype):
    dense = (RNG.random((60, 4)) < 0.4).astype(dtype)
    y = dense[:, 0] + 0.5 * dense[:, 1]
    frame = pandas.DataFrame(dense, columns=list("abcd")).astype(pandas.SparseDtype(dtype, dtype(0)))
    if dtype is bool and not issparse(check_array(frame, accept_sparse="csr", dtype=np.float64)):
        pytest.skip("this scikit-learn (1.7) makes a dense array of sparse columns of bool")
    for model, labels in ((GDClassifier(random_state=0), dense[:, 0] > 0), (GDRegressor(random_state=0), y)):
        model.fit(frame, labels)
        assert model.feature_names_in_.tolist() == list("abcd")
        sparse = csr_matrix(dense.astype(np.float64))
        again = type(model)(random_state=0).fit(sparse, labels)
        assert model.coef_ == pytest.approx(again.coef_, rel=1e-3, abs=1e-4)
        assert model.predict(frame) == pytest.approx(again.predict(sparse), abs=1e-2)
