import OuterloopNumerics
import Testing

@testable import OuterloopSearch

/// Two updates of HPO4DL 0.1.0, recorded by Benchmarks/peers/hpo4dl/record.py > Golden/dyhpo.json: the published mode fed
/// the same history and initial parameters computes the same losses, predictions and choices.
@Suite struct DyHPOPeerTests {
  struct Recorded: Decodable {
    struct Update: Decodable {
      /// 100 from new parameters, 50 that refine them.
      var losses: [Double]
      /// Mean, scale, length-scale and noise afterwards.
      var kernel: [Double]
      /// Candidates, their next epochs, and what is predicted there, with noise.
      var places: [Int]
      var epochs: [Int]
      var means: [Double]
      var deviations: [Double]
      var chosen: Int
      var epoch: Int
    }

    var epochs: Int
    var pool: [[Double]]
    /// Configuration, epoch, value.
    var history: [[Double]]
    /// Of the first update's network.
    var initial: [Double]
    var updates: [Update]
    /// The first 50 losses of the first update in 32 bits.
    var singleLosses: [Double]
  }

  @Test func updates() throws {
    let recorded: Recorded = try Golden.load("dyhpo")
    let width = recorded.pool[0].count
    let network = KernelNetwork(inputs: width + 1, norm: .batch)
    let programs = NetworkPrograms(network)
    var deep = PublishedSurrogate.untrained(network, recorded.initial)
    for (number, want) in recorded.updates.enumerated() {
      let count = recorded.history.count - recorded.updates.count + 1 + number
      let steps = number == 0 ? 100 : 1000 / PublishedSurrogate.refining
      var past = PublishedHistory(epochs: recorded.epochs)
      for entry in recorded.history.prefix(count) {
        past.append(trial: Int(entry[0]), epoch: Int(entry[1]), value: entry[2])
      }
      let (rows, outputs) = past.rows(count, width: width) { recorded.pool[$0] }
      let training = try deep.train(
        programs, rows, outputs: outputs, steps: steps, rate: PublishedSurrogate.rate)
      #expect(training.ending == .finished)
      let losses = training.losses
      #expect(losses.count == want.losses.count)
      let differences = zip(losses, want.losses).map { abs($0 - $1) }
      #expect((differences.max() ?? 1) < 1e-7)
      if number == 0 {
        let single = zip(losses, recorded.singleLosses).map { abs($0 - $1) }
        #expect(single.count == 50 && (single.max() ?? 1) < 1e-4)
      }
      let kernel = deep.kernel
      let found = [kernel.mean, kernel.scale, kernel.lengthscale, kernel.noise]
      for (got, wanted) in zip(found, want.kernel) { #expect(abs(got - wanted) < 1e-6) }

      var queries = NetworkRows(width: width, .zeroPadded)
      for (place, epoch) in zip(want.places, want.epochs) {
        queries.append(
          recorded.pool[place][...], epoch: Double(epoch) / Double(recorded.epochs),
          curve: past.curves[place] ?? [])
      }
      let process = try #require(
        try DeepKernelProcess(
          kernel, features: try deep.features(programs, rows), outputs: outputs, roomFor: 0))
      let (means, variances) = process.predict(try deep.features(programs, queries))
      let deviations = variances.map { ($0 + kernel.noise).squareRoot() }
      for place in means.indices {
        #expect(abs(means[place] - want.means[place]) < 1e-5)
        #expect(abs(deviations[place] - want.deviations[place]) < 1e-5)
      }
      func scores(_ means: [Double], _ deviations: [Double]) -> [Double] {
        means.indices.map {
          PublishedImprovement.value(
            mean: means[$0], deviation: deviations[$0],
            best: past.incumbents[want.epochs[$0]] ?? .nan)
        }
      }
      let (ours, theirs) = (scores(means, deviations), scores(want.means, want.deviations))
      let first = try #require(PublishedImprovement.first(of: ours))
      #expect(want.places[first] == want.chosen && want.epochs[first] == want.epoch)
      // Candidates that theirs tells apart stand in the same order in ours.
      for a in ours.indices {
        for b in ours.indices where theirs[a] > theirs[b] + 1e-5 { #expect(ours[a] > ours[b]) }
      }
    }
  }
}
