/* Cells and grid moments of a batch of records: what numpy can only do in many passes over large copies. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* As in detectors/totals/measuring.py. */
#define BUCKETS 2048
/* Records measured at a time: their sums stay in the processor's cache. */
#define BLOCK 64
/* Adding and taking away 1.5 * 2**52 rounds a small number to the nearest integer, ties to the even one. */
#define ROUNDING 6755399441055744.0

/* How K columns of numbers are cut into cells. The first M of them have moments, too. */
typedef struct {
    const double *low, *per_unit, *edges, *centre, *unit;
    const int64_t *first; /* K + 1 places in `edges`, where each column's begin */
    const uint16_t *before;
    const int32_t *start, *null;
    double clamp;
    Py_ssize_t columns, moments;
} Recipe;

enum { LOW, PER_UNIT, EDGES, FIRST, BEFORE, START, NULLS, CENTRE, UNIT, RECIPE };
static const Py_ssize_t RECIPE_ITEMS[RECIPE] = {8, 8, 8, 8, 2, 4, 4, 8, 8};

static int hold(PyObject *array, Py_buffer *view, Py_ssize_t item, int flags)
{
    if (PyObject_GetBuffer(array, view, flags) < 0)
        return 0;
    if (view->itemsize == item)
        return 1;
    PyBuffer_Release(view);
    PyErr_SetString(PyExc_ValueError, "an array has another type than is measured");
    return 0;
}

static void release(Py_buffer *views, int held)
{
    while (held > 0)
        PyBuffer_Release(&views[--held]);
}

/* How many edges lie below a finite value. */
static inline int64_t edges_below(const Recipe *recipe, Py_ssize_t k, double value)
{
    const double *edges = recipe->edges + recipe->first[k];
    const int64_t count = recipe->first[k + 1] - recipe->first[k];
    if (recipe->per_unit[k] == 0.0) {
        int64_t from = 0, to = count;
        while (from < to) {
            int64_t middle = (from + to) / 2;
            if (value > edges[middle])
                from = middle + 1;
            else
                to = middle;
        }
        return from;
    }
    double scaled = (value - recipe->low[k]) * recipe->per_unit[k];
    scaled = scaled > 0.0 ? scaled : 0.0;
    scaled = scaled < BUCKETS - 1.0 ? scaled : BUCKETS - 1.0;
    int64_t below = recipe->before[k * BUCKETS + (int64_t)scaled];
    while (below < count && value > edges[below])
        below++;
    return below;
}

/* A column of numbers; its step in bytes. */
typedef struct {
    const char *first;
    Py_ssize_t step;
} Column;

/* Measure records of column k; their q and q² go to places that lie `step` apart. */
static void measure_column(const Recipe *recipe, Py_ssize_t k, Column column, Py_ssize_t begin, Py_ssize_t count,
                           int32_t *cells, int64_t *q, int64_t *squares, Py_ssize_t step)
{
    const char *values = column.first + begin * column.step;
    const int32_t start = recipe->start[k], null = recipe->null[k];
    const int moments = k < recipe->moments;
    const double centre = moments ? recipe->centre[k] : 0.0, unit = moments ? recipe->unit[k] : 0.0;
    for (Py_ssize_t i = 0; i < count; i++) {
        const double value = *(const double *)(values + i * column.step);
        int64_t own = 0;
        if (isfinite(value)) {
            cells[i] = start + 1 + (int32_t)edges_below(recipe, k, value);
            double grid = (value - centre) * unit;
            grid = grid < recipe->clamp ? grid : recipe->clamp;
            grid = grid > -recipe->clamp ? grid : -recipe->clamp;
            own = (int64_t)((grid + ROUNDING) - ROUNDING);
        } else
            cells[i] = isnan(value) ? null : value > 0.0 ? null - 1 : start;
        if (moments) {
            q[i * step] = own;
            squares[i * step] = own * own;
        }
    }
}

static int recipe_from(PyObject *arrays, double clamp, Recipe *recipe, Py_buffer *views, int *held)
{
    if (!PyTuple_Check(arrays) || PyTuple_Size(arrays) != RECIPE) {
        PyErr_SetString(PyExc_TypeError, "no recipe");
        return 0;
    }
    for (; *held < RECIPE; ++*held)
        if (!hold(PyTuple_GetItem(arrays, *held), &views[*held], RECIPE_ITEMS[*held], PyBUF_C_CONTIGUOUS))
            return 0;
    *recipe = (Recipe){views[LOW].buf,    views[PER_UNIT].buf, views[EDGES].buf, views[CENTRE].buf,
                       views[UNIT].buf,   views[FIRST].buf,    views[BEFORE].buf, views[START].buf,
                       views[NULLS].buf,  clamp,               views[LOW].len / 8, views[CENTRE].len / 8};
    const Py_ssize_t K = recipe->columns, edges = views[EDGES].len / 8;
    int fine = views[PER_UNIT].len == K * 8 && views[FIRST].len == (K + 1) * 8 && views[BEFORE].len == K * BUCKETS * 2 &&
               views[START].len == K * 4 && views[NULLS].len == K * 4 && recipe->moments <= K &&
               views[UNIT].len == recipe->moments * 8;
    for (Py_ssize_t k = 0; fine && k < K; k++)
        fine = 0 <= recipe->first[k] && recipe->first[k] <= recipe->first[k + 1] && recipe->first[k + 1] <= edges;
    if (!fine)
        PyErr_SetString(PyExc_ValueError, "the parts of a recipe do not fit each other");
    return fine;
}

/* Columns of numbers out of several arrays, float64[N, columns] or float64[N] each, whatever their strides. */
static int columns_of(PyObject *arrays, Py_buffer *views, int *held, int most, Column *columns, Py_ssize_t K,
                      Py_ssize_t size)
{
    Py_ssize_t found = 0;
    for (Py_ssize_t a = 0; a < PyList_Size(arrays) && *held < most; a++) {
        Py_buffer *view = &views[*held];
        if (!hold(PyList_GetItem(arrays, a), view, 8, PyBUF_STRIDES))
            return 0;
        ++*held;
        if ((view->ndim != 1 && view->ndim != 2) || view->shape[0] != size)
            break;
        for (Py_ssize_t c = 0; c < (view->ndim == 1 ? 1 : view->shape[1]) && found < K; c++)
            columns[found++] = (Column){(const char *)view->buf + (c ? c * view->strides[1] : 0), view->strides[0]};
    }
    if (found == K)
        return 1;
    PyErr_SetString(PyExc_ValueError, "the numbers do not fit the recipe");
    return 0;
}

/* numbers(recipe, clamp, arrays, cells int32[>= K, N], sums int64[N, S], first): measure the columns of numbers; q goes
 * to the columns of `sums` from `first` on, q² to those behind. */
static PyObject *numbers(PyObject *module, PyObject *arguments)
{
    enum { ARRAYS = 4 };
    Py_buffer views[RECIPE + ARRAYS + 2];
    PyObject *parts, *arrays, *cells, *sums, *result = NULL;
    Column *columns = NULL;
    Recipe recipe;
    double clamp;
    Py_ssize_t first;
    int held = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OdO!OOn", &parts, &clamp, &PyList_Type, &arrays, &cells, &sums, &first))
        return NULL;
    if (!recipe_from(parts, clamp, &recipe, views, &held))
        goto done;
    if (!hold(cells, &views[held], 4, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS))
        goto done;
    held++;
    if (!hold(sums, &views[held], 8, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS))
        goto done;
    held++;
    const Py_buffer *into = &views[RECIPE], *added = &views[RECIPE + 1];
    const Py_ssize_t K = recipe.columns, M = recipe.moments;
    if (into->ndim != 2 || added->ndim != 2 || into->shape[0] < K || added->shape[0] != into->shape[1] || first < 0 ||
        first + 2 * M > added->shape[1]) {
        PyErr_SetString(PyExc_ValueError, "no room for what is measured");
        goto done;
    }
    const Py_ssize_t size = into->shape[1], step = added->shape[1];
    columns = PyMem_Malloc(((size_t)K + 1) * sizeof *columns);
    if (columns == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (!columns_of(arrays, views, &held, RECIPE + ARRAYS + 2, columns, K, size))
        goto done;
    for (Py_ssize_t begin = 0; begin < size; begin += BLOCK) {
        const Py_ssize_t count = size - begin < BLOCK ? size - begin : BLOCK;
        int64_t *q = (int64_t *)added->buf + begin * step + first;
        for (Py_ssize_t k = 0; k < K; k++)
            measure_column(&recipe, k, columns[k], begin, count, (int32_t *)into->buf + k * size + begin, q + k,
                           q + M + k, step);
    }
    result = Py_NewRef(Py_None);
done:
    PyMem_Free(columns);
    release(views, held);
    return result;
}

/* categories(codes int64[N], table int32[V], cells int32[N], wanted): the cell of each code; how many are `wanted`. */
static PyObject *categories(PyObject *module, PyObject *arguments)
{
    static const Py_ssize_t ITEMS[] = {8, 4, 4};
    static const int FLAGS[] = {PyBUF_STRIDES, PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS};
    Py_buffer views[3];
    PyObject *arrays[3], *result = NULL;
    int held = 0, wanted;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOi", &arrays[0], &arrays[1], &arrays[2], &wanted))
        return NULL;
    while (held < 3 && hold(arrays[held], &views[held], ITEMS[held], FLAGS[held]))
        held++;
    if (held == 3) {
        const char *codes = views[0].buf;
        const int32_t *table = views[1].buf;
        int32_t *cells = views[2].buf;
        const Py_ssize_t size = views[2].len / 4, known = views[1].len / 4;
        Py_ssize_t hits = 0, i = 0;
        int fine = views[0].ndim == 1 && views[0].shape[0] == size;
        for (; fine && i < size; i++) {
            const int64_t code = *(const int64_t *)(codes + i * views[0].strides[0]);
            if ((fine = (uint64_t)code < (uint64_t)known)) {
                cells[i] = table[code];
                hits += cells[i] == wanted;
            }
        }
        if (fine)
            result = PyLong_FromSsize_t(hits);
        else
            PyErr_SetString(PyExc_IndexError, "a code has no cell");
    }
    release(views, held);
    return result;
}

static PyMethodDef METHODS[] = {
    {"numbers", numbers, METH_VARARGS, "Cells and moments of columns of numbers."},
    {"categories", categories, METH_VARARGS, "Cells of a column of codes."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_measure", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__measure(void) { return PyModule_Create(&MODULE); }
