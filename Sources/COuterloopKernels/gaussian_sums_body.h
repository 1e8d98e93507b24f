// The loops of gaussian_sums.c. See dispatch.h. Partial sums are kept per lane and added at the
// end, in the same order on every instruction set.

static double OL_ISA(lane_total)(const double *lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void OL_ISA(gaussian_sum)(int64_t points, const double *x, int64_t kernels,
                                 const double *center, const double *inverse, const double *scale,
                                 double *out) {
  for (int64_t i = 0; i < points; i++) {
    double total[LANES] = {0};
    int64_t k = 0;
    for (; k + LANES <= kernels; k += LANES)
      for (int l = 0; l < LANES; l++) {
        const double t = (x[i] - center[k + l]) * inverse[k + l];
        total[l] += scale[k + l] * exp_f64(-0.5 * t * t);
      }
    for (; k < kernels; k++) {
      const double t = (x[i] - center[k]) * inverse[k];
      total[0] += scale[k] * exp_f64(-0.5 * t * t);
    }
    out[i] += OL_ISA(lane_total)(total);
  }
}

// sum_p S_p He_p(t) exp(-t^2 / 2) over the bins around x; He_(p+1) = t He_p - p He_(p-1).
static void OL_ISA(hermite_sum)(int64_t points, const double *x, double low, double width,
                                double sigma, int64_t reach, int64_t bins, const double *moments,
                                double *out) {
  const double inverse = 1 / sigma;
  for (int64_t i = 0; i < points; i++) {
    const double place = floor((x[i] - low) / width);
    const int64_t home = place < 0 ? 0 : place >= (double)bins ? bins - 1 : (int64_t)place;
    const int64_t first = home > reach ? home - reach : 0;
    const int64_t end = home + reach + 1 < bins ? home + reach + 1 : bins;
    double total[LANES] = {0};
    for (int64_t b = first; b < end; b += LANES) {
      // The last step backs up to whole lanes; bins already added get no weight.
      const int64_t left = end - b < LANES ? end - b : LANES;
      const int64_t from = left < LANES && end >= LANES ? end - LANES : b;
      double e[LANES], t[LANES];
      for (int l = 0; l < LANES; l++) {
        t[l] = (x[i] - low - ((double)(from + l) + 0.5) * width) * inverse;
        e[l] = exp_f64(-0.5 * t[l] * t[l]);
      }
      if (from < b)
        for (int64_t l = 0; l < b - from; l++) e[l] = 0;
      const double *s = moments + from;
      for (int l = 0; l < LANES; l++) {
        double before = 1, now = t[l], sum = s[l] + s[bins + l] * t[l];
#pragma clang loop unroll(full)
        for (int p = 2; p < 8; p++) {
          const double next = t[l] * now - (p - 1) * before;
          sum += s[p * bins + l] * next;
          before = now;
          now = next;
        }
        total[l] += sum * e[l];
      }
    }
    out[i] += OL_ISA(lane_total)(total);
  }
}
