/* Counts batches of records in the rows of a pane, over all groupings of its slices at once. */
#include "pane.h"

enum { BLOCK = 256, AHEAD = 4, CACHED = 1 << 16 };

/* Whether every row is -1 or one of `count`; in sums of bits, since processors do several at once. */
static int rows_fit(const Plain *rows, Py_ssize_t count)
{
    const uint64_t *row = rows->data;
    uint64_t wrong = 0;
    for (Py_ssize_t i = 0; i < rows->rows * rows->columns; i++)
        wrong |= (row[i] + 1) | ((uint64_t)count - 1 - row[i]);
    return !(wrong >> 63);
}

/* Whether every cell is one of `width`. */
static int cells_fit(const Plain *cells, Py_ssize_t width)
{
    const uint32_t *cell = cells->data, last = (uint32_t)width - 1;
    uint32_t wrong = 0;
    for (Py_ssize_t i = 0; i < cells->rows * cells->columns; i++)
        wrong |= cell[i] | (last - cell[i]);
    return width <= INT32_MAX && !(wrong >> 31);
}

static int append(PyObject *list, int64_t row)
{
    PyObject *number = PyLong_FromLongLong(row);
    const int fine = number != NULL && PyList_Append(list, number) == 0;
    Py_XDECREF(number);
    return fine;
}

/* Counts the events of rows; returns those that have become too many for hits, and for bytes, each row once. */
static PyObject *count_events(PyObject *module, PyObject *arguments)
{
    PyObject *arrays[3], *some = PyList_New(0), *many = PyList_New(0);
    Plain plain[3];
    long long few_most, narrow_most;
    int held = 0, fine = 0;
    (void)module;
    if (some != NULL && many != NULL &&
        PyArg_ParseTuple(arguments, "OOOLL", &arrays[0], &arrays[1], &arrays[2], &few_most, &narrow_most))
        while (held < 3 && take_plain(arrays[held], &plain[held], 8, held == 0))
            held++;
    if (held == 3) {
        const Plain *events = &plain[0], *places = &plain[1], *rows = &plain[2];
        uint64_t *count = events->data;
        const int64_t *place = places->data, *row = rows->data;
        fine = events->columns == 1 && places->columns == 1 && places->rows == events->rows &&
               rows_fit(rows, events->rows);
        if (!fine)
            PyErr_SetString(PyExc_IndexError, "a record counts in no row");
        for (Py_ssize_t i = 0; fine && i < rows->rows * rows->columns; i++) {
            if (row[i] < 0)
                continue;
            /* The event that passes a limit tells of it, and those after it do not. */
            const uint64_t now = ++count[row[i]];
            if (now == (uint64_t)few_most + 1 && place[row[i]] == FEW)
                fine = append(some, row[i]);
            if (now == (uint64_t)narrow_most + 1 && place[row[i]] >= 0)
                fine = fine && append(many, row[i]);
        }
    }
    release_plain(plain, held);
    if (fine)
        return Py_BuildValue("NN", some, many);
    Py_XDECREF(some);
    Py_XDECREF(many);
    return NULL;
}

/* A batch, and what it is counted in. */
typedef struct {
    Pane pane;
    Plain rows, cells, sums, by_cell;
} Job;

static const char *misfit(const Job *job)
{
    const Py_ssize_t n = job->sums.rows, links = job->cells.rows ? job->by_cell.rows : 0;
    if (job->cells.rows && job->pane.hits.columns % job->cells.rows)
        return "hits are not of as many fields as records have cells";
    if (job->rows.columns != n || (job->cells.columns != n && job->cells.rows))
        return "rows, cells and sums are not of as many records";
    if (job->sums.columns > job->pane.totals.columns || !rows_fit(&job->rows, job->pane.places.rows))
        return "a record counts in no row, or adds to more columns than it has";
    if (links > job->cells.rows || (links && job->by_cell.columns != 2))
        return "values by cell need a cell and a sum each";
    for (Py_ssize_t i = 0; i < 2 * links; i += 2)
        if ((uint64_t)((const int64_t *)job->by_cell.data)[i] >= (uint64_t)job->sums.columns)
            return "values by cell need a cell and a sum each";
    return cells_fit(&job->cells, job->pane.narrow.columns) ? NULL : "a record counts in no cell of a row";
}

static void add_block_sums(const Job *job, const int64_t *rows, Py_ssize_t start, Py_ssize_t end)
{
    const Py_ssize_t columns = job->sums.columns, step = 8 * job->pane.totals.columns;
    const int is_far = job->pane.totals.rows * step > CACHED;
    for (Py_ssize_t i = start; i < end; i++) {
        if (is_far && i + AHEAD < end && rows[i + AHEAD] >= 0)
            fetch((const char *)job->pane.totals.data + rows[i + AHEAD] * step, step < 512 ? step : 512);
        if (rows[i] < 0)
            continue;
        /* Unsigned, since sums that are taken away again may pass through any value. */
        uint64_t *restrict into = (uint64_t *)job->pane.totals.data + rows[i] * job->pane.totals.columns;
        const uint64_t *restrict from = (const uint64_t *)job->sums.data + i * columns;
        for (Py_ssize_t column = 0; column < columns; column++)
            into[column] += from[column];
    }
}

static int add_block_cells(const Job *job, const int64_t *rows, Py_ssize_t start, Py_ssize_t end)
{
    const Py_ssize_t fields = job->cells.rows, n = job->cells.columns;
    const Pane *pane = &job->pane;
    uint8_t *small[BLOCK], *held = pane->held.data;
    uint16_t *few[BLOCK];
    int64_t *large[BLOCK];
    Py_ssize_t own_few[BLOCK], own_small[BLOCK], own_large[BLOCK], fews = 0, smalls = 0, larges = 0;
    for (Py_ssize_t i = start; i < end; i++) {
        if (rows[i] < 0)
            continue;
        const int64_t place = place_of(pane, rows[i]);
        if (place < 0) {
            large[larges] = wide_row(pane, place);
            own_large[larges++] = i;
        } else if (place == FEW) {
            const Py_ssize_t at = held[rows[i]] * fields;
            if (at >= pane->hits.columns)
                return 0;
            held[rows[i]]++;
            few[fews] = hits_of(pane, rows[i]) + at;
            fetch(few[fews], 1);
            own_few[fews++] = i;
        } else {
            small[smalls] = narrow_row(pane, place);
            own_small[smalls++] = i;
        }
    }
    /* Field by field: the cells of one field lie close together, and stay in the processor's cache. */
    for (Py_ssize_t field = 0; field < fields; field++) {
        const int32_t *cell = (const int32_t *)job->cells.data + field * n;
        for (Py_ssize_t j = 0; j < smalls; j++)
            small[j][cell[own_small[j]]]++;
        for (Py_ssize_t j = 0; j < larges; j++)
            large[j][cell[own_large[j]]]++;
        for (Py_ssize_t j = 0; j < fews; j++)
            few[j][field] = (uint16_t)cell[own_few[j]];
    }
    return 1;
}

/* The values of a block, to the sums of the cells in which they count. */
static int add_block_cell_sums(const Job *job, const int64_t *rows, Py_ssize_t start, Py_ssize_t end)
{
    const Py_ssize_t columns = job->sums.columns, n = job->cells.columns;
    for (Py_ssize_t field = 0; field < job->by_cell.rows; field++) {
        const int64_t *link = (const int64_t *)job->by_cell.data + 2 * field;
        const uint64_t *values = (const uint64_t *)job->sums.data + link[0];
        const int32_t *cells = (const int32_t *)job->cells.data + field * n;
        for (Py_ssize_t i = start; i < end; i++) {
            const uint64_t value = values[i * columns], at = (uint64_t)cells[i] + (uint64_t)link[1];
            /* What is no number adds nothing, and its cell has no sum. */
            if (rows[i] < 0 || value == 0)
                continue;
            if (at >= (uint64_t)job->pane.totals.columns)
                return 0;
            ((uint64_t *)job->pane.totals.data)[(uint64_t)(rows[i] * job->pane.totals.columns) + at] += value;
        }
    }
    return 1;
}

static int count_all(const Job *job)
{
    const Py_ssize_t n = job->sums.rows;
    int fine = 1;
    /* A block's cells and sums are read once for all groupings, while they are in the cache. */
    for (Py_ssize_t start = 0; fine && start < n; start += BLOCK) {
        const Py_ssize_t end = n - start < BLOCK ? n : start + BLOCK;
        for (Py_ssize_t grouping = 0; fine && grouping < job->rows.rows; grouping++) {
            const int64_t *rows = (const int64_t *)job->rows.data + grouping * n;
            add_block_sums(job, rows, start, end);
            if (job->cells.rows)
                fine = add_block_cells(job, rows, start, end) && add_block_cell_sums(job, rows, start, end);
        }
    }
    return fine;
}

static PyObject *add_all(PyObject *module, PyObject *arguments)
{
    static const Py_ssize_t ITEMS[] = {8, 4, 8, 8};
    PyObject *parts[PANE_PARTS], *arrays[4], *result = NULL;
    Job job;
    Plain *const plain[] = {&job.rows, &job.cells, &job.sums, &job.by_cell};
    int held = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "(OOOOOO)OOOO", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5],
                          &arrays[0], &arrays[1], &arrays[2], &arrays[3]) ||
        !take_pane(parts, &job.pane, 1))
        return NULL;
    while (held < 4 && take_plain(arrays[held], plain[held], ITEMS[held], 0))
        held++;
    if (held == 4) {
        const char *wrong = misfit(&job);
        if (!wrong && !count_all(&job))
            wrong = "a record finds no room in its row, or a value no sum";
        if (wrong)
            PyErr_SetString(PyExc_IndexError, wrong);
        else
            result = Py_NewRef(Py_None);
    }
    while (held > 0)
        PyBuffer_Release(&plain[--held]->view);
    release_pane(&job.pane);
    return result;
}

/* Whether the cells of a row could be brought to another place. */
static int move_row(const Pane *pane, Py_ssize_t fields, int64_t row, int64_t target)
{
    const Py_ssize_t width = pane->narrow.columns;
    if (row < 0 || row >= pane->places.rows || (target < 0 ? ~target >= pane->wide.rows : target >= pane->narrow.rows))
        return 0;
    const int64_t place = place_of(pane, row);
    uint8_t *held = (uint8_t *)pane->held.data + row;
    if (place != FEW && (place < 0 || target >= 0))
        return 0;
    if (place != FEW) {
        const uint8_t *from = narrow_row(pane, place);
        for (Py_ssize_t cell = 0; cell < width; cell++)
            wide_row(pane, target)[cell] = from[cell];
    }
    for (Py_ssize_t i = 0; place == FEW && i < *held * fields; i++) {
        const uint16_t cell = i < pane->hits.columns ? hits_of(pane, row)[i] : UINT16_MAX;
        if (cell >= width)
            return 0;
        if (target < 0)
            wide_row(pane, target)[cell]++;
        else
            narrow_row(pane, target)[cell]++;
    }
    *held = 0;
    ((int64_t *)pane->places.data)[row] = target;
    return 1;
}

static PyObject *move_rows(PyObject *module, PyObject *arguments)
{
    PyObject *parts[PANE_PARTS], *list;
    Py_ssize_t fields;
    Pane pane;
    int fine = 1;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "(OOOOOO)nO!", &parts[0], &parts[1], &parts[2], &parts[3], &parts[4], &parts[5],
                          &fields, &PyList_Type, &list) ||
        !take_pane(parts, &pane, 1))
        return NULL;
    for (Py_ssize_t i = 0; fine && i < PyList_Size(list); i++) {
        long long row, target;
        if (!PyArg_ParseTuple(PyList_GetItem(list, i), "LL", &row, &target))
            fine = -1;
        else if (!(fine = fields >= 0 && fields <= UINT16_MAX && move_row(&pane, fields, row, target)))
            PyErr_SetString(PyExc_IndexError, "a row has no such place, or its cells do not fit in it");
        fine = fine == 1;
    }
    release_pane(&pane);
    return fine ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef METHODS[] = {
    {"count_events", count_events, METH_VARARGS, "Count the events of rows."},
    {"add_all", add_all, METH_VARARGS, "Count records in all groupings."},
    {"move_rows", move_rows, METH_VARARGS, "Bring the cells of rows to other places."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_growing", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__growing(void) { return PyModule_Create(&MODULE); }
