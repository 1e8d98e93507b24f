// The loops of matern.c. See dispatch.h.
//
//     r^2 = row_i + column_j - 2 x_i'y_j,   a = sqrt(5 r^2),
//     k = (1 + a + a^2/3) exp(-a),          dk/d(r^2) = -5/6 (1 + a) exp(-a)
//
// The second is finite at 0: no root is differentiated.

static void OL_ISA(matern52)(int64_t rows, int64_t columns, const double *row, const double *column,
                             double *restrict k, double *restrict slope) {
  for (int64_t i = 0; i < rows; i++) {
    double *restrict out = k + i * columns;
    const double size = row[i];
    if (slope) {
      double *restrict change = slope + i * columns;
      for (int64_t j = 0; j < columns; j++) {
        double square = size + column[j] - 2 * out[j];
        square = square < 0 ? 0 : square;
        const double a = __builtin_elementwise_sqrt(5 * square);
        const double e = exp_f64(-a);
        out[j] = (1 + a + (5.0 / 3) * square) * e;
        change[j] = (-5.0 / 6) * (1 + a) * e;
      }
    } else {
      for (int64_t j = 0; j < columns; j++) {
        double square = size + column[j] - 2 * out[j];
        square = square < 0 ? 0 : square;
        const double a = __builtin_elementwise_sqrt(5 * square);
        out[j] = (1 + a + (5.0 / 3) * square) * exp_f64(-a);
      }
    }
  }
}
