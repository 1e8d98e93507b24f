internal import OuterloopFoundation

extension Fingerprint {
  /// The settings of an experiment, whose work is of this version.
  init(of experiment: some Experiment) throws {
    self.init()
    // Raised when the same settings give other numbers.
    add(1)
    add(type(of: experiment).name)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    add(String(decoding: try encoder.encode(experiment), as: UTF8.self))
  }
}
