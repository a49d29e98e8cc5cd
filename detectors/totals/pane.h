/* The rows of a pane, as detectors/totals/growing.py describes them. */
#ifndef DRIFTLINE_PANE_H
#define DRIFTLINE_PANE_H
#include "matrix.h"

/* The place of a row whose cells are hits; others are a narrow row, or ~w for the wide row w. */
#define FEW INT64_MAX

typedef struct {
    Plain totals, hits, held, narrow, wide, places;
} Pane;

enum { PANE_PARTS = 6 };

static inline void release_pane(Pane *pane)
{
    Plain *const parts[] = {&pane->totals, &pane->hits, &pane->held, &pane->narrow, &pane->wide, &pane->places};
    for (int i = 0; i < PANE_PARTS; i++)
        PyBuffer_Release(&parts[i]->view);
}

/* Whether the arrays are those of a pane whose rows have all parts; holds none of them if not. */
static inline int take_pane(PyObject *const *arrays, Pane *pane, int written)
{
    static const Py_ssize_t ITEMS[] = {8, 2, 1, 1, 8, 8};
    Plain *const parts[] = {&pane->totals, &pane->hits, &pane->held, &pane->narrow, &pane->wide, &pane->places};
    memset(pane, 0, sizeof *pane);
    for (int i = 0; i < PANE_PARTS; i++)
        if (!take_plain(arrays[i], parts[i], ITEMS[i], written)) {
            release_pane(pane);
            return 0;
        }
    const Py_ssize_t count = pane->places.rows;
    const int64_t *place = pane->places.data;
    int fits = pane->places.columns == 1 && pane->held.columns == 1 && pane->wide.columns == pane->narrow.columns &&
               pane->totals.rows >= count && pane->hits.rows >= count && pane->held.rows >= count;
    for (Py_ssize_t i = 0; fits && i < count; i++)
        fits = place[i] < 0 ? ~place[i] < pane->wide.rows : place[i] < pane->narrow.rows || place[i] == FEW;
    if (!fits) {
        release_pane(pane);
        PyErr_SetString(PyExc_IndexError, "not all parts of a pane have all its rows");
    }
    return fits;
}

static inline int64_t place_of(const Pane *pane, Py_ssize_t row) { return ((const int64_t *)pane->places.data)[row]; }
static inline uint16_t *hits_of(const Pane *pane, Py_ssize_t row)
{
    return (uint16_t *)pane->hits.data + row * pane->hits.columns;
}
static inline uint8_t *narrow_row(const Pane *pane, int64_t place)
{
    return (uint8_t *)pane->narrow.data + place * pane->narrow.columns;
}
static inline int64_t *wide_row(const Pane *pane, int64_t place)
{
    return (int64_t *)pane->wide.data + ~place * pane->wide.columns;
}
#endif
