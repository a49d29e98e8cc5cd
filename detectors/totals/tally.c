/* Counts records in rows of totals, and packs them: loops that numpy can only do by way of large copies. */
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

/* One bit for each count, whether it is not zero, the first of eight being the highest; and the counts that are not. */
static PyObject *pack(PyObject *module, PyObject *argument)
{
    Matrix counts;
    (void)module;
    if (!take(argument, &counts, 1, 1))
        return NULL;
    const Py_ssize_t size = counts.rows * counts.columns;
    const uint8_t *from = (const uint8_t *)counts.data;
    uint8_t *marks = PyMem_Calloc((size_t)size / 8 + 1, 1), *kept = PyMem_Malloc((size_t)size + 1), *next = kept;
    PyObject *result = NULL;
    if (marks == NULL || kept == NULL)
        PyErr_NoMemory();
    else {
        for (Py_ssize_t i = 0; i < size; i += 8) {
            uint64_t word = 0;
            const Py_ssize_t length = size - i < 8 ? size - i : 8;
            memcpy(&word, from + i, (size_t)length);
            if (word == 0)
                continue;
            unsigned bits = 0;
            for (Py_ssize_t k = 0; k < length; k++) {
                *next = from[i + k];
                next += from[i + k] != 0;
                bits |= (from[i + k] != 0) * (0x80u >> k);
            }
            marks[i / 8] = (uint8_t)bits;
        }
        result = Py_BuildValue("y#y#", marks, (size + 7) / 8, kept, (Py_ssize_t)(next - kept));
    }
    PyMem_Free(marks);
    PyMem_Free(kept);
    PyBuffer_Release(&counts.view);
    return result;
}

/* Undo it: put the counts behind the first `sums` columns of each row. */
static PyObject *unpack(PyObject *module, PyObject *arguments)
{
    PyObject *array;
    Py_buffer marks, counts;
    Py_ssize_t sums;
    Matrix rows;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y*y*On", &marks, &counts, &array, &sums))
        return NULL;
    int fine = 0;
    if (take(array, &rows, 8, 1)) {
        const Py_ssize_t width = rows.columns - sums, size = rows.rows * width;
        const uint8_t *bits = marks.buf, *from = counts.buf, *end = from + counts.len;
        fine = sums >= 0 && width >= 0 && marks.len == (size + 7) / 8;
        for (Py_ssize_t row = 0, i = 0; fine && row < rows.rows; row++) {
            int64_t *into = (int64_t *)(rows.data + row * rows.row_step) + sums;
            for (Py_ssize_t column = 0; column < width; column++, i++) {
                const int there = bits[i / 8] >> (7 - i % 8) & 1;
                into[column] = there && from < end ? *from : 0;
                fine &= !there || from < end;
                from += there;
            }
        }
        fine = fine && from == end;
        PyBuffer_Release(&rows.view);
        if (!fine)
            PyErr_SetString(PyExc_ValueError, "packed counts do not fit their rows");
    }
    PyBuffer_Release(&marks);
    PyBuffer_Release(&counts);
    return fine ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef METHODS[] = {
    {"add_cells", add_cells, METH_VARARGS, "Count records in cells."},
    {"add_sums", add_sums, METH_VARARGS, "Add records to sums."},
    {"pack", pack, METH_O, "Counts without their zeros."},
    {"unpack", unpack, METH_VARARGS, "Counts with their zeros."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_tally", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__tally(void) { return PyModule_Create(&MODULE); }
