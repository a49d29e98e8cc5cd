/* Counts records in rows of totals: loops that numpy can only do by way of large copies. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* A matrix of `rows` by `columns`; strides in bytes. */
typedef struct {
    char *data;
    Py_ssize_t rows, columns, row_step, column_step;
    Py_buffer view;
} Matrix;

static int take(PyObject *array, Matrix *matrix, Py_ssize_t item, int written)
{
    if (PyObject_GetBuffer(array, &matrix->view, PyBUF_STRIDES | (written ? PyBUF_WRITABLE : 0)) < 0)
        return 0;
    const Py_buffer *view = &matrix->view;
    int fits = view->itemsize == item && (view->ndim == 1 || view->ndim == 2);
    if (fits) {
        matrix->data = view->buf;
        matrix->rows = view->shape[0];
        matrix->row_step = view->strides[0];
        matrix->columns = view->ndim == 2 ? view->shape[1] : 1;
        matrix->column_step = view->ndim == 2 ? view->strides[1] : item;
        fits = !written || (matrix->column_step == item && matrix->row_step == matrix->columns * item);
    }
    if (!fits) {
        PyBuffer_Release(&matrix->view);
        PyErr_SetString(PyExc_ValueError, "an array has another type or layout than is counted in");
    }
    return fits;
}

static inline int64_t number(const Matrix *matrix, Py_ssize_t row, Py_ssize_t column)
{
    return *(const int64_t *)(matrix->data + row * matrix->row_step + column * matrix->column_step);
}

static int count_field(const Matrix *narrow, const Matrix *wide, const Matrix *places, const Matrix *cells,
                       Py_ssize_t field, int64_t first)
{
    uint8_t *small = (uint8_t *)narrow->data;
    int64_t *large = (int64_t *)wide->data;
    const Py_ssize_t width = wide->columns;
    for (Py_ssize_t i = 0; i < cells->rows; i++) {
        int64_t place = number(places, i, 0), cell = number(cells, i, field) - first;
        if ((uint64_t)cell >= (uint64_t)width)
            return 0;
        if (place >= 0) {
            if (place >= narrow->rows)
                return 0;
            small[place * width + cell]++;
        } else {
            if (~place >= wide->rows)
                return 0;
            large[~place * width + cell]++;
        }
    }
    return 1;
}

static PyObject *add_cells(PyObject *module, PyObject *arguments)
{
    static const Py_ssize_t ITEMS[] = {1, 8, 8, 8};
    PyObject *arrays[4], *result = NULL;
    Matrix matrices[4];
    long long first;
    int held = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOOL", &arrays[0], &arrays[1], &arrays[2], &arrays[3], &first))
        return NULL;
    while (held < 4 && take(arrays[held], &matrices[held], ITEMS[held], held < 2))
        held++;
    if (held == 4) {
        const Matrix *narrow = &matrices[0], *wide = &matrices[1], *places = &matrices[2], *cells = &matrices[3];
        int fine = narrow->columns == wide->columns && places->rows == cells->rows && places->columns == 1;
        /* Field by field: the cells of one field lie close together, and stay in the processor's cache. */
        for (Py_ssize_t field = 0; fine && field < cells->columns; field++)
            fine = count_field(narrow, wide, places, cells, field, first);
        if (fine)
            result = Py_NewRef(Py_None);
        else
            PyErr_SetString(PyExc_IndexError, "a record counts in no row or in no cell of it");
    }
    while (held > 0)
        PyBuffer_Release(&matrices[--held].view);
    return result;
}

static PyObject *add_sums(PyObject *module, PyObject *arguments)
{
    PyObject *arrays[3], *result = NULL;
    Matrix matrices[3];
    int held = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOO", &arrays[0], &arrays[1], &arrays[2]))
        return NULL;
    while (held < 3 && take(arrays[held], &matrices[held], 8, held == 0))
        held++;
    if (held == 3) {
        const Matrix *totals = &matrices[0], *rows = &matrices[1], *sums = &matrices[2];
        int fine = rows->rows == sums->rows && rows->columns == 1 && sums->columns <= totals->columns;
        for (Py_ssize_t i = 0; fine && i < sums->rows; i++) {
            int64_t row = number(rows, i, 0);
            if ((fine = row >= 0 && row < totals->rows)) {
                /* Unsigned, since sums that are taken away again may pass through any value. */
                uint64_t *into = (uint64_t *)(totals->data + row * totals->row_step);
                const uint64_t *from = (const uint64_t *)(sums->data + i * sums->row_step);
                if (sums->column_step == 8) /* then the compiler adds several at once */
                    for (Py_ssize_t column = 0; column < sums->columns; column++)
                        into[column] += from[column];
                else
                    for (Py_ssize_t column = 0; column < sums->columns; column++)
                        into[column] += (uint64_t)number(sums, i, column);
            }
        }
        if (fine)
            result = Py_NewRef(Py_None);
        else
            PyErr_SetString(PyExc_IndexError, "a record counts in no row, or adds to more columns than it has");
    }
    while (held > 0)
        PyBuffer_Release(&matrices[--held].view);
    return result;
}

static PyMethodDef METHODS[] = {
    {"add_cells", add_cells, METH_VARARGS, "Count records in cells."},
    {"add_sums", add_sums, METH_VARARGS, "Add records to sums."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_tally", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__tally(void) { return PyModule_Create(&MODULE); }
