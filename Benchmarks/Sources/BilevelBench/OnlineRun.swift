import Foundation
import Outerloop

/// One estimator at work through all updates of an online task, timed update by update, and the
/// time of a plain step of the same training to compare with.
struct OnlineRun {
  private(set) var fields: [String: Any] = [:]
  private(set) var learned: [Float] = []

  /// - Parameters:
  ///   - gradientSteps: steps of one timed plain training: few, as a single update is short.
  ///   - repeats: such trainings.
  init(_ task: OnlineTask, estimator name: String, gradientSteps: Int, repeats: Int) throws {
    let plan = try task.plan(name)
    let problem = try task.problem(steps: plan.steps, plan)
    fields = ["side": "outerloop", "estimator": name, "threads": ThreadBudget.threads]
    do {
      try problem.check(plan.estimator, at: task.start)
    } catch let error as BilevelError {
      fields["refused"] = "\(error)"
      return
    }
    try run(task, plan, problem)
    try timeGradient(task, plan, steps: gradientSteps, repeats: repeats)
  }

  private mutating func run(
    _ task: OnlineTask, _ plan: OnlineTask.Plan, _ problem: OnlineTask.Problem
  ) throws {
    let loop = OuterLoop<Tensor>(
      .adam(rate: .init(task.outerRate), epsilon: 1e-8))
    let evaluate = task.validationLoss
    _ = try evaluate(task.weights).item()
    let perTraining = plan.steps / plan.every
    var (updates, hypergradients, losses): ([Double], [Double], [Double]) = ([], [], [])
    var last = ContinuousClock.now
    var final: OuterLoop<Tensor>.State?
    let total = try seconds {
      final = try problem.minimize(
        from: task.start, by: plan.estimator, updates: plan.updates, with: loop,
        training: plan.schedule
      ) { progress in
        updates.append(Self.elapsed(since: last))
        hypergradients.append(progress.cost.seconds)
        if progress.update % perTraining == 0 {
          losses.append(try evaluate(progress.state.weights).item())
        }
        last = .now
        return true
      }
    }
    guard let final else { return }
    learned = try final.hyper.scalars(Float.self)
    let shares = learned.map { 1 / (1 + exp(-Double($0))) }
    let (clean, noisy) = (mean(shares, task.flipped, false), mean(shares, task.flipped, true))
    let warm = Array(updates.dropFirst())
    fields["updates"] = updates.count
    fields["steps"] = plan.trainings * plan.steps
    fields["total_seconds"] = total
    fields["first_update_seconds"] = updates.first
    fields["warm_update_seconds"] = median(warm)
    fields["warm_update_spread"] = [warm.min() ?? 0, warm.max() ?? 0]
    fields["hypergradient_seconds"] = median(Array(hypergradients.dropFirst()))
    fields["separation"] = clean - noisy
    fields["clean_weight"] = clean
    fields["noisy_weight"] = noisy
    fields["best_validation_loss"] = losses.min()
    fields["final_validation_loss"] = losses.last
  }

  /// A plain training on the same batches: its time for each step.
  private mutating func timeGradient(
    _ task: OnlineTask, _ plan: OnlineTask.Plan, steps: Int, repeats: Int
  ) throws {
    // No longer than the batches that the data list.
    let steps = min(steps, plan.trainings * plan.steps)
    let training = try task.problem(steps: steps, plan)
    _ = try training.solve(at: task.start)
    let times = try (0..<repeats).map { _ in
      try seconds { _ = try training.solve(at: task.start) } / Double(steps)
    }
    fields["gradient_seconds"] = median(times)
  }

  private func mean(_ values: [Double], _ flipped: [Bool], _ wanted: Bool) -> Double {
    let chosen = zip(values, flipped).filter { $0.1 == wanted }.map(\.0)
    return chosen.reduce(0, +) / Double(max(1, chosen.count))
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle])
  }

  private static func elapsed(since start: ContinuousClock.Instant) -> Double {
    let elapsed = start.duration(to: .now).components
    return Double(elapsed.seconds) + 1e-18 * Double(elapsed.attoseconds)
  }
}
