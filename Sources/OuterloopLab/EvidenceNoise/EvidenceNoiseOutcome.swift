/// The selection criterion for the precisions of the prior.
enum SelectionCriterion: String, Codable, CaseIterable {
  /// The loss on examples that were held out.
  case validation = "cross-validation"
  /// The variational bound of the evidence of the training examples.
  case bound = "variational bound"
}

/// The search method for the precisions.
enum PrecisionSearch: String, Codable, CaseIterable {
  case random = "random search"
  case greedy
  case hoag = "HOAG"
  case drmad = "DrMAD"
}

extension EvidenceNoiseTraining {
  /// Precisions that were chosen, and the model trained with them.
  struct Outcome: Codable, Sendable {
    var criterion: SelectionCriterion
    var search: PrecisionSearch
    /// A precision for each tensor of the network.
    var precisions: [Double]
    /// The criterion at the chosen precisions, in nats per example.
    var objective: Double
    /// The number of trainings or hypergradients; fewer than requested if derivatives diverged.
    var looks: Int
    /// Test errors in percent, by the noise.
    var errors: [Double]
    /// The same for the mean of the posterior: the bound's model without its draws.
    var modeErrors: [Double]
    /// The predicted classes of the first test images, by the noise.
    var readings: [[Int32]]
  }

  /// Properties of the bound that are known in advance.
  struct Checks: Codable, Sendable {
    /// Relative difference of the derivatives by reverse and forward mode.
    var modes: Double
    /// Relative difference of the direct derivative from its closed form.
    var direct: Double
    /// At a maximum over the posterior: what the posterior's dependence on the precisions adds to the
    /// direct derivative, relative to it.
    var indirect: Double
    /// The gain of the bound from the optimal precisions for a given posterior, in nats.
    var gain: Double
  }

  struct Run: Codable, Sendable {
    var outcomes: [Outcome]
    var checks: Checks
  }
}
