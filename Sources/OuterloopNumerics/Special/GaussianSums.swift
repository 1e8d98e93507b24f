internal import COuterloopKernels

/// Sums of many Gaussians at a few points, in vectors. O(points x kernels) time unless said
/// otherwise; no memory beyond the result.
package enum GaussianSums {
  /// Adds sum_k scale_k exp(-((x_i - center_k) inverse_k)^2 / 2) to `out[i]`; inverse_k = 1/sigma_k.
  package static func add(
    at x: [Double], center: [Double], inverse: [Double], scale: [Double], to out: inout [Double]
  ) {
    precondition(center.count == inverse.count && center.count == scale.count)
    precondition(x.count == out.count)
    ol_gaussian_sum(Int64(x.count), x, Int64(center.count), center, inverse, scale, &out)
  }

  /// The same for kernels of one sigma gathered in bins of a discrete Gauss transform: bin b of
  /// width `width` starts at low + b width, and `moments[p * bins + b]`, p = 0..<8, holds sum_k
  /// scale_k delta_k^p / p!, delta_k the distance from the middle of the bin in sigmas. Bins more
  /// than `reach` bins away are ignored. O(points x reach).
  package static func addBinned(
    at x: [Double], low: Double, width: Double, sigma: Double, reach: Int, moments: [Double],
    to out: inout [Double]
  ) {
    let bins = moments.count / 8
    precondition(x.count == out.count && bins >= 8 && reach >= 8 && moments.count == 8 * bins)
    ol_hermite_sum(
      Int64(x.count), x, low, width, sigma, Int64(reach), Int64(bins), moments, &out)
  }
}
