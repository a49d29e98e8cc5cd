/* Packs rows of totals, and adds packed ones to others. */
#include "packer.h"
#include "unpacker.h"

static PyObject *pack_rows(PyObject *module, PyObject *arguments)
{
    PyObject *array, *result = NULL;
    Plain rows;
    Py_ssize_t sums;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "On", &array, &sums) || !take_plain(array, &rows, 8, 0))
        return NULL;
    if (sums < 0 || sums > rows.columns)
        PyErr_SetString(PyExc_ValueError, "rows have more sums than columns");
    else {
        const size_t width = (size_t)(rows.columns - sums);
        Packer packer;
        int fine = open_packer(&packer, width);
        for (Py_ssize_t row = 0; fine && row < rows.rows; row++) {
            const int64_t *from = (const int64_t *)rows.data + row * rows.columns;
            fine = put_row(&packer, from, (size_t)sums, from + sums, 1, width);
        }
        result = fine ? packed(&packer) : PyErr_NoMemory();
        close_packer(&packer);
    }
    release_plain(&rows, 1);
    return result;
}

/* The rows of a pane, as detectors/totals/growing.py describes them. */
typedef struct {
    Plain sums, hits, held, narrow, wide, places;
    uint8_t *counts; /* of one row of hits */
    Py_ssize_t fields;
} Pane;

enum { AHEAD = 3, FETCHED = 384 };

ALWAYS_INLINE void fetch_row(const Pane *pane, int64_t row)
{
    if (row < 0 || row >= pane->places.rows)
        return;
    const Py_ssize_t sums = pane->sums.columns * 8, hits = pane->hits.columns * 2;
    fetch((const char *)pane->sums.data + row * sums, sums < FETCHED ? sums : FETCHED);
    fetch((const char *)pane->hits.data + row * hits, hits < FETCHED ? hits : FETCHED);
}

/* Counts the hits of a row. */
static void count_hits(const Pane *pane, Py_ssize_t row, size_t width)
{
    const uint16_t *hits = (const uint16_t *)pane->hits.data + row * pane->hits.columns;
    uint8_t *const counts = pane->counts;
    const Py_ssize_t length = ((const uint8_t *)pane->held.data)[row] * pane->fields;
    memset(counts, 0, width);
    for (Py_ssize_t i = 0; i < length; i++)
        if (hits[i] < width)
            counts[hits[i]]++;
}

/* -1 when there is no such row, 0 when there is no memory. */
static int pack_row(const Pane *pane, Py_ssize_t row, Packer *packer)
{
    const size_t width = (size_t)pane->narrow.columns;
    if (row < 0 || row >= pane->places.rows)
        return -1;
    const int64_t place = ((const int64_t *)pane->places.data)[row];
    const int64_t *sums = (const int64_t *)pane->sums.data + row * pane->sums.columns;
    const void *cells = pane->counts;
    if (place == FEW) {
        if (((const uint8_t *)pane->held.data)[row] * pane->fields > pane->hits.columns)
            return -1;
        count_hits(pane, row, width);
    } else if (place < 0 ? ~place >= pane->wide.rows : place >= pane->narrow.rows)
        return -1;
    else if (place < 0)
        cells = (const int64_t *)pane->wide.data + ~place * pane->wide.columns;
    else
        cells = (const uint8_t *)pane->narrow.data + place * pane->narrow.columns;
    return put_row(packer, sums, (size_t)pane->sums.columns, cells, place < 0, width);
}

static PyObject *pack_pane(PyObject *module, PyObject *arguments)
{
    static const Py_ssize_t ITEMS[] = {8, 2, 1, 1, 8, 8, 8};
    PyObject *arrays[7], *result = NULL;
    Pane pane = {0};
    Plain order, *const plain[] = {&pane.sums, &pane.hits, &pane.held, &pane.narrow, &pane.wide, &pane.places, &order};
    int held = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "(OOOOOO)nO", &arrays[0], &arrays[1], &arrays[2], &arrays[3], &arrays[4],
                          &arrays[5], &pane.fields, &arrays[6]))
        return NULL;
    while (held < 7 && take_plain(arrays[held], plain[held], ITEMS[held], 0))
        held++;
    if (held == 7) {
        const Py_ssize_t count = pane.places.rows, width = pane.narrow.columns;
        Packer packer;
        int fine = open_packer(&packer, (size_t)width);
        pane.counts = PyMem_Malloc((size_t)width + 1);
        if (order.columns != 1 || pane.places.columns != 1 || pane.held.columns != 1 || pane.sums.rows < count ||
            pane.hits.rows < count || pane.held.rows < count || pane.wide.columns != width || pane.fields < 0 ||
            pane.fields > UINT16_MAX)
            fine = -1;
        fine = pane.counts != NULL ? fine : 0;
        const int64_t *rows = order.data;
        for (Py_ssize_t i = 0; fine > 0 && i < order.rows; i++) {
            if (i + AHEAD < order.rows)
                fetch_row(&pane, rows[i + AHEAD]);
            fine = pack_row(&pane, rows[i], &packer);
        }
        if (fine < 0)
            PyErr_SetString(PyExc_IndexError, "a row is none of the pane's, or not all its parts have it");
        else
            result = fine ? packed(&packer) : PyErr_NoMemory();
        close_packer(&packer);
        PyMem_Free(pane.counts);
    }
    while (held > 0)
        PyBuffer_Release(&plain[--held]->view);
    return result;
}

static PyObject *add_packed(PyObject *module, PyObject *arguments)
{
    PyObject *arrays[2], *result = NULL;
    Py_buffer data;
    Py_ssize_t shape[7]; /* rows, sums, cells; tokens, small, middle and large counts */
    long long times;
    Plain plain[2];
    int held = 0, fits = 1;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y*(nnnnnnn)OOL", &data, &shape[0], &shape[1], &shape[2], &shape[3], &shape[4],
                          &shape[5], &shape[6], &arrays[0], &arrays[1], &times))
        return NULL;
    const int checks = arrays[0] == Py_None;
    while (!checks && held < 2 && take_plain(arrays[held], &plain[held], 8, held == 0))
        held++;
    if (checks || held == 2) {
        const size_t count = (size_t)shape[0], sums = (size_t)shape[1], width = (size_t)shape[2];
        Reader reader = {.token_count = (size_t)shape[3], .small_count = (size_t)shape[4],
                         .middle_count = (size_t)shape[5], .size_count = (size_t)shape[6]};
        for (int i = 0; i < 7; i++)
            fits &= shape[i] >= 0 && shape[i] <= UINT32_MAX;
        if (!checks) {
            const int64_t *place = plain[1].data;
            fits &= plain[1].columns == 1 && plain[1].rows == shape[0] && plain[0].columns == shape[1] + shape[2];
            for (Py_ssize_t i = 0; fits && i < plain[1].rows; i++)
                fits = place[i] >= 0 && place[i] < plain[0].rows;
        }
        /* Seen to be whole before anything is added. */
        fits = fits && open_reader(&reader, &data, count, sums, width) &&
               read_all(reader, count, sums, width, NULL, NULL, 0);
        if (fits && !checks)
            read_all(reader, count, sums, width, &plain[0], plain[1].data, (uint64_t)times);
        if (fits)
            result = Py_NewRef(Py_None);
        else
            PyErr_SetString(PyExc_ValueError, "packed rows are damaged, or do not fit the rows that they are added to");
    }
    release_plain(plain, held);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef METHODS[] = {
    {"pack_rows", pack_rows, METH_VARARGS, "Rows of int64, packed."},
    {"pack_pane", pack_pane, METH_VARARGS, "Rows of a pane, packed."},
    {"add_packed", add_packed, METH_VARARGS, "Add packed rows to others."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_compact", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__compact(void) { return PyModule_Create(&MODULE); }
