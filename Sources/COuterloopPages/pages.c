// Written by Scripts/list-pages.sh.

#include "COuterloopPages.h"

static const unsigned char page_0[] = {
#embed "pages/actions.js"
};

static const unsigned char page_1[] = {
#embed "pages/api.js"
};

static const unsigned char page_2[] = {
#embed "pages/cards.js"
};

static const unsigned char page_3[] = {
#embed "pages/clipped.js"
};

static const unsigned char page_4[] = {
#embed "pages/columns.js"
};

static const unsigned char page_5[] = {
#embed "pages/copy.js"
};

static const unsigned char page_6[] = {
#embed "pages/csv.js"
};

static const unsigned char page_7[] = {
#embed "pages/curves.js"
};

static const unsigned char page_8[] = {
#embed "pages/dialog.js"
};

static const unsigned char page_9[] = {
#embed "pages/dom.js"
};

static const unsigned char page_10[] = {
#embed "pages/download.js"
};

static const unsigned char page_11[] = {
#embed "pages/files.js"
};

static const unsigned char page_12[] = {
#embed "pages/filter.js"
};

static const unsigned char page_13[] = {
#embed "pages/format.js"
};

static const unsigned char page_14[] = {
#embed "pages/header.js"
};

static const unsigned char page_15[] = {
#embed "pages/icon.svg"
};

static const unsigned char page_16[] = {
#embed "pages/live.js"
};

static const unsigned char page_17[] = {
#embed "pages/log-tail.js"
};

static const unsigned char page_18[] = {
#embed "pages/markdown.js"
};

static const unsigned char page_19[] = {
#embed "pages/marks.js"
};

static const unsigned char page_20[] = {
#embed "pages/menus.js"
};

static const unsigned char page_21[] = {
#embed "pages/messages.js"
};

static const unsigned char page_22[] = {
#embed "pages/notes.js"
};

static const unsigned char page_23[] = {
#embed "pages/page-compare.js"
};

static const unsigned char page_24[] = {
#embed "pages/page-studies.js"
};

static const unsigned char page_25[] = {
#embed "pages/page-study.js"
};

static const unsigned char page_26[] = {
#embed "pages/page-trial.js"
};

static const unsigned char page_27[] = {
#embed "pages/page-trials.js"
};

static const unsigned char page_28[] = {
#embed "pages/page.html"
};

static const unsigned char page_29[] = {
#embed "pages/parallel-axes.js"
};

static const unsigned char page_30[] = {
#embed "pages/plots.js"
};

static const unsigned char page_31[] = {
#embed "pages/progress.js"
};

static const unsigned char page_32[] = {
#embed "pages/report.css"
};

static const unsigned char page_33[] = {
#embed "pages/report.js"
};

static const unsigned char page_34[] = {
#embed "pages/rows.js"
};

static const unsigned char page_35[] = {
#embed "pages/sparkline.js"
};

static const unsigned char page_36[] = {
#embed "pages/states.js"
};

static const unsigned char page_37[] = {
#embed "pages/storage.js"
};

static const unsigned char page_38[] = {
#embed "pages/study-actions.js"
};

static const unsigned char page_39[] = {
#embed "pages/style.css"
};

static const unsigned char page_40[] = {
#embed "pages/theme-first.js"
};

static const unsigned char page_41[] = {
#embed "pages/theme.js"
};

static const unsigned char page_42[] = {
#embed "pages/trial-columns.js"
};

static const unsigned char page_43[] = {
#embed "pages/trial-comparison.js"
};

static const unsigned char page_44[] = {
#embed "pages/trial-tip.js"
};

static const unsigned char page_45[] = {
#embed "pages/turning.js"
};

static const unsigned char page_46[] = {
#embed "pages/windowed-table.js"
};

static const struct outerloop_page pages[] = {
    {"actions.js", page_0, sizeof page_0},
    {"api.js", page_1, sizeof page_1},
    {"cards.js", page_2, sizeof page_2},
    {"clipped.js", page_3, sizeof page_3},
    {"columns.js", page_4, sizeof page_4},
    {"copy.js", page_5, sizeof page_5},
    {"csv.js", page_6, sizeof page_6},
    {"curves.js", page_7, sizeof page_7},
    {"dialog.js", page_8, sizeof page_8},
    {"dom.js", page_9, sizeof page_9},
    {"download.js", page_10, sizeof page_10},
    {"files.js", page_11, sizeof page_11},
    {"filter.js", page_12, sizeof page_12},
    {"format.js", page_13, sizeof page_13},
    {"header.js", page_14, sizeof page_14},
    {"icon.svg", page_15, sizeof page_15},
    {"live.js", page_16, sizeof page_16},
    {"log-tail.js", page_17, sizeof page_17},
    {"markdown.js", page_18, sizeof page_18},
    {"marks.js", page_19, sizeof page_19},
    {"menus.js", page_20, sizeof page_20},
    {"messages.js", page_21, sizeof page_21},
    {"notes.js", page_22, sizeof page_22},
    {"page-compare.js", page_23, sizeof page_23},
    {"page-studies.js", page_24, sizeof page_24},
    {"page-study.js", page_25, sizeof page_25},
    {"page-trial.js", page_26, sizeof page_26},
    {"page-trials.js", page_27, sizeof page_27},
    {"page.html", page_28, sizeof page_28},
    {"parallel-axes.js", page_29, sizeof page_29},
    {"plots.js", page_30, sizeof page_30},
    {"progress.js", page_31, sizeof page_31},
    {"report.css", page_32, sizeof page_32},
    {"report.js", page_33, sizeof page_33},
    {"rows.js", page_34, sizeof page_34},
    {"sparkline.js", page_35, sizeof page_35},
    {"states.js", page_36, sizeof page_36},
    {"storage.js", page_37, sizeof page_37},
    {"study-actions.js", page_38, sizeof page_38},
    {"style.css", page_39, sizeof page_39},
    {"theme-first.js", page_40, sizeof page_40},
    {"theme.js", page_41, sizeof page_41},
    {"trial-columns.js", page_42, sizeof page_42},
    {"trial-comparison.js", page_43, sizeof page_43},
    {"trial-tip.js", page_44, sizeof page_44},
    {"turning.js", page_45, sizeof page_45},
    {"windowed-table.js", page_46, sizeof page_46},
};

const size_t outerloop_page_count = sizeof pages / sizeof pages[0];

const struct outerloop_page *outerloop_page(size_t place) {
  return place < outerloop_page_count ? &pages[place] : NULL;
}
