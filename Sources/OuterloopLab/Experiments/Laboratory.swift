/// The registry of experiments. A new one is a row here: its command, its page in the report and the tests
/// that all of them share follow from it.
public enum Laboratory {
  public static let all: [any Experiment.Type] = [
    EstimatorsExperiment.self, SinusoidExperiment.self, NoisyLabelsExperiment.self,
    LearningCurvesExperiment.self, ToyOrdersExperiment.self, ToyDrMADExperiment.self,
    ToyHypernetworkExperiment.self, ClosedFormExperiment.self, RelaxationsExperiment.self,
    GaussianProcessExperiment.self, PolynomialsExperiment.self, HOAGExperiment.self,
    ReversibleExperiment.self, AlgorithmsExperiment.self, ImplicitTableExperiment.self,
    ShortHorizonExperiment.self, LearningRateExperiment.self, FirstRunExperiment.self,
    AugmentationExperiment.self, ForwardReverseExperiment.self, CleaningExperiment.self,
    LearningToLearnExperiment.self, ModelSelectionExperiment.self, CellSearchExperiment.self,
    EvidenceNoiseExperiment.self,
  ]

  /// - Throws: `LabError` for an unknown name.
  public static func named(_ name: String) throws -> any Experiment.Type {
    if let found = all.first(where: { $0.name == name }) { return found }
    throw LabError(
      .setting, "there is no experiment `\(name)`",
      remedy: "use one of \(all.map { $0.name }.joined(separator: ", "))")
  }
}
