public import OuterloopAutodiff
public import OuterloopLearning
public import OuterloopNumerics

/// The variational lower bound of the evidence (ELBO; Graves 2011, "Practical variational inference
/// for neural networks") under a Gaussian prior with a precision a for each group of weights:
///
///     F(q, h) = E_q log p(D | w, h) - KL(q || N(0, diag(1/a)))  <=  log p(D | h)
///     KL = 1/2 (sum_i a_i (mu_i^2 + S_ii) - P - log det S - sum_i log a_i)
///
/// with equality where q is the posterior. Both levels share this one objective: training maximises
/// it over q, selection over h. At a maximum in q its derivative with respect to h is therefore the
/// direct one, and `.firstOrder` is exact; `problem` states it so.
///
/// The expectation is closed for a linear-Gaussian model; for any other likelihood it is the mean
/// over draws w = mu + (root of S) e whose noise is named by a key, so that a draw can be replayed.
public struct VariationalBound<Posterior: GaussianPosterior, Hyper: Structure>: Sendable {
  /// Which weights share a precision of the prior.
  public let groups: WeightGroups
  /// a(h): (G), positive.
  public let precisions: @Sendable (Hyper) throws -> Tensor
  /// E_q log p(D | w, h) by the noise of a key.
  public let expectedLogLikelihood: @Sendable (Posterior, Hyper, Tensor) throws -> Tensor

  /// Any likelihood, by Monte Carlo.
  ///
  /// - Parameters:
  ///   - draws: K, the weights drawn for each evaluation.
  ///   - precisions: a(h), (G); keep it positive by a transform of free hyperparameters.
  ///   - logLikelihood: log p(D | w, h) summed over the data (not a mean), for a vector w (P); see
  ///     `WeightLayout` for models with several tensors. On a minibatch, scaled up to all the data.
  /// - Complexity of an evaluation: K likelihoods, in time and memory.
  /// - Throws: `BilevelError.invalid` if there is not at least one draw.
  public init(
    groups: WeightGroups, draws: Int,
    precisions: @escaping @Sendable (Hyper) throws -> Tensor,
    logLikelihood: @escaping @Sendable (Tensor, Hyper) throws -> Tensor
  ) throws {
    guard draws >= 1, draws <= 1 << 24 else {
      throw BilevelError.invalid(
        "a variational bound by \(draws) draws", remedy: "use 1...\(1 << 24)")
    }
    self.groups = groups
    self.precisions = precisions
    expectedLogLikelihood = { q, h, key in
      let mean = q.mean
      let noise = Tensor.normal([draws, mean.count], key: key, dtype: mean.dtype)
      return try vmap(q.draws(noise)) { try logLikelihood($0, h).reshaped([]) }.mean()
    }
  }

  /// A linear-Gaussian model, in closed form:
  /// E_q log p(y | w, b) = n/2 log(b / 2 pi) - b/2 (|y - X mu|^2 + tr(X S X')).
  /// - Complexity of an evaluation: O(n P) for a mean-field q, O(n P^2) for a full covariance.
  public init(
    _ model: LinearGaussianModel, precisions: @escaping @Sendable (Hyper) throws -> Precisions
  ) {
    groups = model.groups
    self.precisions = { try precisions($0).weights }
    expectedLogLikelihood = { q, h, _ in
      let b = try precisions(h).noise.reshaped([])
      let error = (model.targets - matmul(model.inputs, q.mean)).square().sum()
      let n = Double(model.exampleCount)
      return 0.5
        * (n * (log(b) - LinearGaussianModel.logTwoPi)
          - b * (error + q.predictiveSpread(model.inputs)))
    }
  }

  /// F(q, h), a traced scalar. `key` names the noise (int32 [4], `RandomKey.tensor`); the closed form
  /// does not read it.
  ///
  /// - Throws: what the precisions and the likelihood throw, and `TensorError` for shapes that do
  ///   not fit.
  public func callAsFunction(_ q: Posterior, _ hyper: Hyper, key: Tensor) throws -> Tensor {
    let expected = try expectedLogLikelihood(q, hyper, key)
    return expected - (try divergence(q, hyper))
  }

  /// KL(q || prior) in closed form.
  ///
  /// - Throws: what the precisions throw.
  public func divergence(_ q: Posterior, _ hyper: Hyper) throws -> Tensor {
    let a = groups.expanded(try precisions(hyper))
    let spread = q.mean.square() + q.variances
    return 0.5 * ((a * spread - log(a)).sum() - Double(q.mean.count) - q.logDeterminant)
  }

  /// The precisions that maximise the bound for a given q, in closed form:
  /// 1 / a_g = mean of mu_i^2 + S_ii over the group. Traced: (G).
  public func optimalPrecisions(_ q: Posterior) -> Tensor {
    let sizes = Tensor(groups.sizes.map { Double($0) }).cast(to: q.mean.dtype)
    return sizes / groups.sums(q.mean.square() + q.variances)
  }

  /// The bound as a bilevel problem: training maximises F over q, F is the outer objective too.
  ///
  /// - Parameters:
  ///   - posterior: where training starts.
  ///   - seed: names the noise: of step t for the inner loss, and one fixed draw for the outer.
  public func problem(
    steps: Int, seed: UInt64 = 0,
    posterior: @escaping @Sendable (Hyper) throws -> Posterior,
    optimizer: @escaping @Sendable (Hyper, Time) throws -> Optimizer
  ) -> BilevelProblem<TrainingState<Posterior>, Hyper, Tensor> {
    let outerKey = RandomKey(seed: seed, purpose: "variational bound, outer").tensor
    return BilevelProblem(
      steps: steps,
      batches: Batches { step in
        RandomKey(seed: seed, purpose: "variational bound, inner", index: UInt64(step)).tensor
      },
      weights: posterior, optimizer: optimizer,
      loss: { q, h, key in -(try self(q, h, key: key)) },
      outer: { q, h in -(try self(q, h, key: outerKey)) })
  }
}
