/* Packs rows of totals, and adds packed ones to others. */
#include "packer.h"
#include "pane.h"
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

enum { AHEAD = 3, FETCHED = 384 };

ALWAYS_INLINE void fetch_row(const Pane *pane, int64_t row)
{
    if (row < 0 || row >= pane->places.rows)
        return;
    const Py_ssize_t sums = pane->totals.columns * 8, hits = pane->hits.columns * 2;
    fetch((const char *)pane->totals.data + row * sums, sums < FETCHED ? sums : FETCHED);
    fetch(hits_of(pane, row), hits < FETCHED ? hits : FETCHED);
}

/* Counts the hits of a row; 0 when they are no cells of it. */
static int count_hits(const Pane *pane, Py_ssize_t fields, Py_ssize_t row, uint8_t *counts)
{
    const size_t width = (size_t)pane->narrow.columns;
    const uint16_t *hits = hits_of(pane, row);
    const Py_ssize_t length = ((const uint8_t *)pane->held.data)[row] * fields;
    int fits = length <= pane->hits.columns;
    memset(counts, 0, width);
    for (Py_ssize_t i = 0; fits && i < length; i++)
        if ((fits = hits[i] < width))
            counts[hits[i]]++;
    return fits;
}

/* -1 when there is no such row, 0 when there is no memory; `counts` has room for one row. */
static int pack_row(const Pane *pane, Py_ssize_t fields, Py_ssize_t row, uint8_t *counts, Packer *packer)
{
    const size_t width = (size_t)pane->narrow.columns;
    if (row < 0 || row >= pane->places.rows)
        return -1;
    const int64_t place = place_of(pane, row);
    if (place == FEW && !count_hits(pane, fields, row, counts))
        return -1;
    const int64_t *sums = (const int64_t *)pane->totals.data + row * pane->totals.columns;
    const void *cells = place == FEW ? (const void *)counts
                        : place < 0  ? (const void *)wide_row(pane, place)
                                     : (const void *)narrow_row(pane, place);
    return put_row(packer, sums, (size_t)pane->totals.columns, cells, place < 0, width);
}

static PyObject *pack_pane(PyObject *module, PyObject *arguments)
{
    PyObject *parts[PANE_PARTS], *array, *result = NULL;
    Pane pane;
    Plain order;
    Py_ssize_t fields;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "(OOOOOO)nO", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5],
                          &fields, &array) ||
        !take_pane(parts, &pane, 0))
        return NULL;
    if (take_plain(array, &order, 8, 0)) {
        Packer packer;
        uint8_t *counts = PyMem_Malloc((size_t)pane.narrow.columns + 1);
        const int64_t *rows = order.data;
        int fine = open_packer(&packer, (size_t)pane.narrow.columns) && counts != NULL;
        if (order.columns != 1 || fields < 0 || fields > UINT16_MAX)
            fine = -1;
        for (Py_ssize_t i = 0; fine > 0 && i < order.rows; i++) {
            if (i + AHEAD < order.rows)
                fetch_row(&pane, rows[i + AHEAD]);
            fine = pack_row(&pane, fields, rows[i], counts, &packer);
        }
        if (fine < 0)
            PyErr_SetString(PyExc_IndexError, "a row is none of the pane's, or its hits are no cells of it");
        else
            result = fine ? packed(&packer) : PyErr_NoMemory();
        close_packer(&packer);
        PyMem_Free(counts);
        release_plain(&order, 1);
    }
    release_pane(&pane);
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
        fits = fits && open_reader(&reader, &data, count, sums, width);
        if (fits) {
            const Plain *totals = checks ? NULL : &plain[0];
            const int64_t *places = checks ? NULL : plain[1].data;
            fits = read_all(reader, count, sums, width, totals, places, (uint64_t)times);
            /* Damage shows while it is read. What was added by then is read again, up to there, and taken away. */
            if (!fits && !checks)
                read_all(reader, count, sums, width, totals, places, 0 - (uint64_t)times);
        }
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
