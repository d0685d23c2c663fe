# ---- arguments: every array and number that comes in is checked here and named where it is wrong ----

cdef enum:  # element types of arrays
    FLOAT16 = 1
    FLOAT32 = 2
    FLOAT64 = 4
    UINT8 = 8
    INT32 = 16
    INT64 = 32

cdef enum:  # what is done with them
    READ
    WRITTEN
    STRIDED  # read, whatever the strides

TYPE_NAMES = {FLOAT16: "float16", FLOAT32: "float32", FLOAT64: "float64", UINT8: "uint8", INT32: "int32", INT64: "int64"}

cdef extern from *:
    """
    /* rows, columns, weights: a few arrays of so many doubles have sizes that fit */
    #define GD_SIZE_MOST ((Py_ssize_t)1 << (sizeof(Py_ssize_t) == 8 ? 46 : 24))
    """
    Py_ssize_t SIZE_MOST "GD_SIZE_MOST"


cdef class Buffer:
    """Holds an array's memory; a None holds NULL."""
    cdef Py_buffer view
    cdef void *data  # NULL for None
    cdef bint held
    cdef int type    # of its elements

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef char OWN_ORDER = b"<" if sys.byteorder == "little" else b">"


cdef int type_of(const Py_buffer *view) noexcept:
    """The element type; 0 for any other, other byte orders included."""
    if view.format == NULL:
        return UINT8
    cdef const char *text = view.format
    if text[0] == OWN_ORDER:  # said aloud, as h5py does
        text += 1
    if text[0] == 0 or text[1] != 0:
        return 0
    cdef char code = text[0]
    if code == b"d":
        return FLOAT64
    if code == b"f":
        return FLOAT32
    if code == b"e":
        return FLOAT16
    if code == b"B":
        return UINT8
    if code == b"i" or code == b"l" or code == b"q":
        return INT64 if view.itemsize == 8 else INT32 if view.itemsize == 4 else 0
    return 0


cdef Buffer hold(object array, str name, int types, int use, int ndim, Py_ssize_t n0=-1, Py_ssize_t n1=-1,
                 Py_ssize_t n2=-1):
    """The memory of `array`: one of `types`, of this shape (-1: any length >= 1), aligned and in C order unless STRIDED."""
    return checked(opened(array, name, types), array, name, types, use, ndim, n0, n1, n2)


cdef Buffer opened(object array, str name, int types):
    """Its memory, with nothing checked."""
    cdef Buffer b = Buffer.__new__(Buffer)
    try:
        PyObject_GetBuffer(array, &b.view, PyBUF_STRIDES | PyBUF_FORMAT)
    except (TypeError, ValueError, BufferError):
        raise TypeError(f"{name} must be an array of {_kinds(types)}; it is {_came(array)}") from None
    b.held = True
    b.data = b.view.buf
    b.type = type_of(&b.view)
    return b


cdef Buffer checked(Buffer b, object array, str name, int types, int use, int ndim, Py_ssize_t n0, Py_ssize_t n1,
                    Py_ssize_t n2):
    cdef Py_ssize_t[3] shape = [n0, n1, n2]
    cdef bint fits = b.view.ndim == ndim
    cdef int i
    if not b.type & types:
        raise TypeError(f"{name} must be {_needed(types, ndim, n0, n1, n2)}; it is {_came(array)}")
    for i in range(ndim):
        if fits and (b.view.shape[i] != shape[i] if shape[i] >= 0 else b.view.shape[i] < 1):
            fits = False
    if not fits:
        raise ValueError(f"{name} must be {_needed(types, ndim, n0, n1, n2)}; it is {_came(array)}")
    if use != STRIDED and not PyBuffer_IsContiguous(&b.view, b"C"):
        raise ValueError(f"{name} must be in C order, contiguous; it is {_came(array)}")
    if use != STRIDED and <uintptr_t> b.data % <uintptr_t> b.view.itemsize != 0:
        raise ValueError(f"{name} must be aligned to its elements; it is {_came(array)}")
    if use == WRITTEN and b.view.readonly:
        raise ValueError(f"{name} must be writable; it is read-only")
    return b


cdef Buffer hold_if(object array, str name, int types, int use, int ndim, Py_ssize_t n0=-1, Py_ssize_t n1=-1,
                    Py_ssize_t n2=-1):
    """The same, or NULL for None."""
    if array is None:
        return Buffer.__new__(Buffer)
    return hold(array, name, types, use, ndim, n0, n1, n2)


cdef Buffer memory_of(array):
    """Of an array that was made here."""
    cdef Buffer b = Buffer.__new__(Buffer)
    PyObject_GetBuffer(array, &b.view, PyBUF_STRIDES)
    b.held = True
    b.data = b.view.buf
    return b


cdef str _kinds(int types):
    return " or ".join([name for code, name in TYPE_NAMES.items() if code & types])


cdef str _needed(int types, int ndim, Py_ssize_t n0, Py_ssize_t n1, Py_ssize_t n2):
    sizes = [str(n) if n >= 0 else "any" for n in (n0, n1, n2)[:ndim]]
    return f"{_kinds(types)} of shape ({', '.join(sizes)}{',' if ndim == 1 else ''})"


cdef str _came(object value):
    if not isinstance(value, np.ndarray):
        text = repr(value)
        return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
    order = "" if value.dtype.isnative else " in another byte order"
    layout = "" if value.flags.c_contiguous else ", not contiguous"
    return f"{value.dtype}{order} of shape {value.shape}{layout}{'' if value.flags.aligned else ', not aligned'}"


cdef int64_t whole(object value, str name, int64_t low, int64_t high) except? -1:
    """An integer in [low, high]."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer; it is {_came(value)}") from None
    if not low <= number <= high:
        raise ValueError(f"{name} must be in [{low}, {high}]; it is {number}")
    return number


cdef uint64_t unsigned_whole(object value, str name) except? 0:
    """An integer in [0, 2**64)."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer; it is {_came(value)}") from None
    if not 0 <= number < 2**64:
        raise ValueError(f"{name} must be in [0, 2**64); it is {number}")
    return number


cdef double real(object value, str name) except? -1:
    """A number as float64."""
    cdef double number
    try:
        number = value  # as float(value), but of no text
        return number
    except OverflowError:
        raise ValueError(f"{name} must be a number that float64 can hold; it is too large") from None
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number; it is {_came(value)}") from None


cdef bint flag(object value, str name) except -1:
    if value is True or value is False:
        return value is True
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; it is {_came(value)}")
    return bool(value)


cdef Buffer positions(object array, str name, Py_ssize_t n, int64_t limit):
    """A private copy of int64 (n,) positions in [0, limit): what is checked can't be changed any more."""
    cdef Buffer given = hold(array, name, INT64, READ, 1, n)
    kept = np.empty(given.view.shape[0], dtype=np.int64)
    cdef Buffer copy = memory_of(kept)
    cdef int64_t bad
    with nogil:
        bad = gd_copy_positions(<int64_t *> copy.data, <const int64_t *> given.data, given.view.shape[0], limit)
    if bad >= 0:
        raise ValueError(f"{name} must be in [0, {limit}); {name}[{bad}] is {kept[bad]}")
    return copy


cdef Buffer labels_below(object array, str name, Py_ssize_t n, Py_ssize_t n_classes):
    """A private copy of int32 (n,) labels in [0, n_classes)."""
    cdef Buffer given = hold(array, name, INT32, READ, 1, n)
    kept = np.empty(n, dtype=np.int32)
    cdef Buffer copy = memory_of(kept)
    cdef int64_t bad
    with nogil:
        bad = gd_copy_labels(<int32_t *> copy.data, <const int32_t *> given.data, n, <int32_t> n_classes)
    if bad >= 0:
        raise ValueError(f"{name} must be in [0, {n_classes}); {name}[{bad}] is {kept[bad]}")
    return copy
