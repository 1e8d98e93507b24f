import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// HOAG's own experiment (Pedregosa 2016): the regularization of logistic regression on 20 newsgroups,
/// comp.* against the rest, here on 400 + 400 texts and the 400 most frequent words. Where the data are at
/// hand.
@Suite struct NewsgroupsTests {
  /// `shared/data` in a folder above this one, if there is one.
  private static let file: URL? = {
    var folder = URL(fileURLWithPath: #filePath)
    while folder.pathComponents.count > 1 {
      folder.deleteLastPathComponent()
      let file = folder.appendingPathComponent("shared/data/libsvm/20news.svm.gz")
      if FileManager.default.fileExists(atPath: file.path) { return file }
    }
    return nil
  }()

  /// Features and labels +-1 of every k-th text from `first`, for the most frequent words.
  private struct Texts {
    var x, y, vx, vy: Tensor
  }

  private static func texts() throws -> Texts {
    let data = try LIBSVM.read(try #require(file).path)
    let rows = Array(stride(from: 0, to: data.count, by: data.count / 800).prefix(800))
    var counts = [Int](repeating: 0, count: data.featureCount)
    for row in rows {
      for at in data.rowStarts[row]..<data.rowStarts[row + 1] { counts[Int(data.columns[at])] += 1 }
    }
    let words = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(400)
    var place = [Int](repeating: -1, count: data.featureCount)
    for (index, word) in words.enumerated() { place[word] = index }
    func dense(_ rows: [Int]) -> (Tensor, Tensor) {
      var x = [Double](repeating: 0, count: rows.count * 400)
      var y: [Double] = []
      for (index, row) in rows.enumerated() {
        for at in data.rowStarts[row]..<data.rowStarts[row + 1] {
          let column = place[Int(data.columns[at])]
          if column >= 0 { x[index * 400 + column] = Double(data.values[at]) }
        }
        // comp.* are the groups 1 to 5.
        let name = data.classNames[Int(data.labels[row])]
        y.append((1...5).contains(Int(name) ?? 0) ? 1 : -1)
      }
      return (Tensor(x, shape: [rows.count, 400]), vector(y))
    }
    let (even, odd) = (
      rows.enumerated().filter { $0.offset % 2 == 0 }.map(\.element),
      rows.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    )
    let ((x, y), (vx, vy)) = (dense(even), dense(odd))
    return Texts(x: x, y: y, vx: vx, vy: vy)
  }

  /// The log decay that HOAG finds is within .5 of the best of a fine grid, and its schedules need fewer
  /// inner gradients and products than exact hypergradients to come to the same loss.
  @Test(.enabled(if: file != nil)) func logDecay() throws {
    let texts = try Self.texts()
    let (x, y, vx, vy) = (texts.x, texts.y, texts.vx, texts.vy)
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 1, weights: { _ in Tensor.zeros([400], dtype: .float64) },
      optimizer: { _, _ in .sgd(rate: 1) },
      loss: { w, h in softplus(-y * matmul(x, w)).mean() + 0.5 * exp(h) * w.square().sum() },
      outer: { w, _ in softplus(-vy * matmul(vx, w)).mean() })

    func run(
      _ schedule: ToleranceSchedule, downTo target: Double = -.infinity
    ) throws -> (loss: Double, point: Double, work: Int) {
      // At 0 all weights are nearly 0, and E hardly knows in which direction to go.
      var (loss, point, work, hyper) = (Double.infinity, 0.0, 0, -5.0)
      _ = try problem.minimize(
        from: number(hyper), by: .hoag(schedule), updates: 25,
        with: OuterLoop(AdaptiveStep(), constraints: [try .box(lower: -14, upper: 0)])
      ) { progress in
        work += progress.cost.gradients + progress.cost.products
        if progress.loss < loss { (loss, point) = (progress.loss, hyper) }
        hyper = try progress.hyper.item()
        return loss > target
      }
      return (loss, point, work)
    }
    // The truth: E along a grid, each solution to rounding.
    let grid = stride(from: -14.0, through: 0, by: 0.5).map { $0 }
    let losses = try grid.map {
      try problem.hypergradient(at: number($0), by: .hoag(.constant(1e-9))).loss
    }
    let best = losses.indices.min { losses[$0] < losses[$1] }!
    #expect(best > 0 && best < grid.count - 1)

    let exact = try run(.constant(1e-10))
    #expect(abs(exact.point - grid[best]) <= 0.5, "\(exact), best \(grid[best])")
    for schedule in [
      ToleranceSchedule.quadratic(initial: 1e-5), .cubic(initial: 1e-5),
      .exponential(initial: 1e-5),
    ] {
      let inexact = try run(schedule, downTo: exact.loss + 1e-4)
      #expect(abs(inexact.point - grid[best]) <= 0.5, "\(inexact), best \(grid[best])")
      #expect(inexact.loss <= exact.loss + 1e-4)
      let goal = try run(.constant(1e-10), downTo: exact.loss + 1e-4)
      #expect(inexact.work < goal.work, "\(schedule): \(inexact.work) against \(goal.work)")
    }
  }
}
