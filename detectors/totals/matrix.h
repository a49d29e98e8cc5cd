/* Arrays of numpy's, taken as matrices by way of the buffer protocol. */
#ifndef DRIFTLINE_MATRIX_H
#define DRIFTLINE_MATRIX_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* A C-contiguous matrix of `rows` by `columns`; an array of one dimension is one column. */
typedef struct {
    void *data;
    Py_ssize_t rows, columns;
    Py_buffer view;
} Plain;

/* For functions that only fetch: compilers take others of no effect away. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Begins to fetch bytes that are needed soon: rows of slices come in any order, and no processor foresees it. */
ALWAYS_INLINE void fetch(const void *data, Py_ssize_t bytes)
{
    for (Py_ssize_t at = 0; at < bytes; at += 64)
        __builtin_prefetch((const char *)data + at);
}

static inline int take_plain(PyObject *array, Plain *matrix, Py_ssize_t item, int written)
{
    if (PyObject_GetBuffer(array, &matrix->view, PyBUF_ND | (written ? PyBUF_WRITABLE : 0)) < 0)
        return 0;
    const Py_buffer *view = &matrix->view;
    if (view->itemsize != item || view->ndim < 1 || view->ndim > 2) {
        PyBuffer_Release(&matrix->view);
        PyErr_SetString(PyExc_ValueError, "an array has another type or shape than is counted in");
        return 0;
    }
    matrix->data = view->buf;
    matrix->rows = view->shape[0];
    matrix->columns = view->ndim == 2 ? view->shape[1] : 1;
    return 1;
}

static inline void release_plain(Plain *matrices, int held)
{
    while (held > 0)
        PyBuffer_Release(&matrices[--held].view);
}
#endif
