import Foundation
import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopLab

/// Logistic regression of sparse examples in `hoag`.
@Suite struct SparseSplitTests {
  /// 60 examples of 3 classes; feature 1 tells class 2 from the others, more or less.
  private static let text = (0..<60).map { row in
    let label = row % 3
    let tells = Double(label == 2 ? 1 : -1) + 1.5 * sin(Double(7 * row))
    return "\(label) 1:\(tells) \(2 + row % 4):\(0.25 * Double(1 + row % 5))\n"
  }.joined()

  private static func experiment(_ file: String) -> HOAGExperiment {
    var experiment = HOAGExperiment()
    (experiment.data, experiment.positives, experiment.updates) = (file, [2], 12)
    (experiment.train, experiment.validation, experiment.start) = (30, 30, -2)
    return experiment
  }

  /// Value and gradient are those of the dense product.
  @Test func agreesWithTheDenseProduct() throws {
    let data = try LIBSVM.read(bytes: Array(Self.text.utf8), named: "text")
    let split = try SparseSplit(data, Self.experiment("text"))
    let part = split.train
    let features = split.features
    var dense = [Double](repeating: 0, count: part.count * features)
    let places = zip(try part.rows.doubles(), try part.columns.doubles())
    for ((row, column), value) in zip(places, try part.values.doubles()) {
      dense[Int(row) * features + Int(column)] = value
    }
    let x = Tensor(dense, shape: [part.count, features])
    let model = Dense(
      weights: Tensor((0..<features).map { 0.3 * Double($0) - 0.5 }, shape: [features, 1]),
      bias: Tensor([0.2] as [Double]))
    func denseLoss(_ model: Dense) -> Tensor {
      Loss.logistic(
        (matmul(x, model.weights) + model.bias).reshaped([part.count]), signs: part.signs)
    }
    let (value, slopes) = try valueAndGradient(at: model, of: part.loss)
    let (other, otherSlopes) = try valueAndGradient(at: model, of: denseLoss)
    #expect(abs(try value.item() - other.item()) < 1e-14)
    for (mine, theirs) in zip(slopes.leaves, otherSlopes.leaves) {
      #expect(try abs(mine - theirs).max().item() < 1e-14)
    }
    #expect(try part.signs.sum().item() < 0, "class 2 is a third")
  }

  /// The claim against a grid holds on a file, and the file's path does not matter to stored runs.
  @Test func runsOnAFile() throws {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    let file = "\(folder.path)/three.svm"
    try Self.text.write(toFile: file, atomically: true, encoding: .utf8)
    let experiment = Self.experiment(file)
    try experiment.check()
    let report = try experiment.run(ExperimentContext())
    let claim = try #require(report.claims.first { $0.text.contains("best decay") })
    #expect(claim.holds, "\(claim)")
    #expect(report.notes.contains { $0.contains("classes 2 against all others") })
  }

  /// What begins with a minus is written so that it can be read.
  @Test func commandCanBeRun() {
    var experiment = HOAGExperiment()
    (experiment.lowest, experiment.positives) = (-14, [1, 2])
    #expect(experiment.command == "outerloop lab hoag --lowest=-14.0 --positives 1 2")
  }

  @Test func refusesWhatIsNotThere() throws {
    let data = try LIBSVM.read(bytes: Array(Self.text.utf8), named: "text")
    func refuses(_ flag: String, _ change: (inout HOAGExperiment) -> Void) {
      var experiment = Self.experiment("text")
      change(&experiment)
      let error = #expect(throws: LabError.self) { try SparseSplit.check(data, experiment) }
      #expect(error?.what.contains(flag) ?? false, "\(error as Any)")
    }
    refuses("--train 31") { $0.train = 31 }
    refuses("--positives") { $0.positives = [3] }
    refuses("--positives") { $0.positives = [0, 1, 2] }
  }
}
