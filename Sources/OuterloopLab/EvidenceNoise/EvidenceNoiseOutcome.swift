/// How the precisions of the prior are judged.
enum SelectionCriterion: String, Codable, CaseIterable {
  /// The loss on examples that were held out.
  case validation = "cross-validation"
  /// The variational bound of the evidence of the training examples.
  case bound = "variational bound"
}

/// How the precisions are looked for.
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
    /// Of the criterion, at the chosen precisions; nats for an example.
    var objective: Double
    /// Trainings or hypergradients that were looked at; fewer than asked for where derivatives ran away.
    var looks: Int
    /// Test errors in percent, by the noise.
    var errors: [Double]
    /// The same of the mode of the posterior: what is left of the bound's model without its draws.
    var modeErrors: [Double]
    /// What the first test pictures are taken for, by the noise.
    var readings: [[Int32]]
  }

  /// What is known of the bound beforehand.
  struct Checks: Codable, Sendable {
    /// Relative difference of the derivatives by reverse and forward mode.
    var modes: Double
    /// Relative difference of the direct derivative from its closed form.
    var direct: Double
    /// At a maximum over the posterior: what the posterior's dependence on the precisions adds to the
    /// direct derivative, relative to it.
    var indirect: Double
    /// What the bound gains by the precisions that are best for a given posterior, in nats.
    var gain: Double
  }

  struct Run: Codable, Sendable {
    var outcomes: [Outcome]
    var checks: Checks
  }
}
