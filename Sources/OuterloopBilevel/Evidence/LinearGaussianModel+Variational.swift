internal import OuterloopAutodiff
internal import OuterloopNumerics

// The posteriors that maximise the variational bound of a linear-Gaussian model, in closed form and
// traced. With A = diag(a) + b X'X and m = b A^-1 X'y:
//
//     over full covariances   q = N(m, A^-1),          F = evidence
//     over independent q_i    q = N(m, 1 / A_ii),      F = evidence - (sum log A_ii - log det A) / 2

extension LinearGaussianModel {
  /// The best independent Gaussian: its means are exact, its variances 1 / (a_i + b |x_i|^2) too
  /// small.
  public func optimalMeanField(_ precisions: Precisions) -> MeanFieldGaussian {
    let a = groups.expanded(precisions.weights)
    let inner = a + precisions.noise.reshaped([]) * Tensor(columnNorms)
    return MeanFieldGaussian(mean: solution(precisions).mean, logScale: -0.5 * log(inner))
  }

  /// The posterior itself.
  public func optimalGaussian(_ precisions: Precisions) -> FullGaussian {
    let (mean, covariance) = meanAndCovariance(precisions)
    let factor = cholesky(covariance)
    let shape = covariance.shape
    let onDiagonal = Tensor.iota(shape, axis: 0, dtype: .float64)
      .equals(Tensor.iota(shape, axis: 1, dtype: .float64))
    return FullGaussian(
      mean: mean, root: select(onDiagonal, log(diagonal(factor)).expanded(at: 1), factor))
  }
}
