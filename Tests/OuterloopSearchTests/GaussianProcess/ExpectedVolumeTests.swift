import Foundation
import OuterloopNumerics
import OuterloopSearch
import Testing

@Suite struct ExpectedVolumeTests {
  /// What Golden/expected_volume.py recorded, in 600 digits.
  struct Recorded: Decodable {
    struct Length: Decodable, Sendable {
      var low: Double
      var high: Double
      var log: Double
      var slopes: [Double]
    }
    struct Volume: Decodable, Sendable {
      var front: [[Double]]
      var reference: [Double]
      var means: [Double]
      var deviations: [Double]
      var log: Double
      var slopes: [Double]
    }
    var lengths: [Length]
    var volumes: [Volume]
  }

  static let recorded: Recorded = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Golden/expected_volume.json")
    do {
      return try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: file))
    } catch { preconditionFailure("\(error)") }
  }()

  private func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
    abs(a - b) <= tolerance * max(1, abs(b))
  }

  @Test(arguments: recorded.lengths)
  func lengthsAreExact(_ item: Recorded.Length) {
    let length = NormalLength(
      from: item.low, NormalImprovement(item.low), to: item.high, NormalImprovement(item.high))
    #expect(isClose(length.log, item.log, 1e-10), "\(length.log), \(item.log)")
    #expect(isClose(length.meanSlope, item.slopes[0], 1e-8))
    #expect(isClose(length.deviationSlope, item.slopes[1], 1e-8))
  }

  /// Across the place where the series begins.
  @Test(arguments: [-600.0, -30, -10, -3, -0.5, 0, 0.5, 3, 10])
  func lengthsHaveNoSteps(_ low: Double) {
    func log(_ width: Double) -> NormalLength {
      NormalLength(
        from: low, NormalImprovement(low), to: low + width, NormalImprovement(low + width))
    }
    var last: (width: Double, length: NormalLength)?
    for step in 0...400 {
      let width = 1e-6 * exp(0.03 * Double(step))
      let length = log(width)
      if let last {
        // By the mean value of the density of lengths between the two.
        let growth = Foundation.log(width / last.width)
        let change = length.log - last.length.log
        #expect(change > 0 && change >= growth * (1 - 1e-4) || change > growth - 1e-6)
        #expect(abs(length.meanSlope - last.length.meanSlope) < 0.08 * (1 + abs(length.meanSlope)))
      }
      last = (width, length)
    }
  }

  @Test(arguments: recorded.volumes)
  func volumesAreExact(_ item: Recorded.Volume) {
    let m = item.reference.count
    let volume = ExpectedVolume(
      ImprovementBoxes(item.front, reference: item.reference).boxes, objectives: m)
    var scratch = ExpectedVolume.Scratch()
    let value = volume.logarithm(
      means: item.means, deviations: item.deviations, gradients: true, &scratch)
    #expect(isClose(value, item.log, 1e-10), "\(value), \(item.log)")
    for j in 0..<m {
      #expect(isClose(scratch.meanSlopes[j], item.slopes[j], 1e-7))
      #expect(isClose(scratch.deviationSlopes[j], item.slopes[m + j], 1e-7))
    }
  }

  static let random = RandomPoints.table(counts: [0, 1, 2, 7, 40], seeds: 2)
    .filter { $0.objectives <= 3 }

  /// The boxes fill what the front leaves, without overlap, and are few.
  @Test(arguments: random)
  func boxesFillWhatIsLeft(_ item: RandomPoints) throws {
    let (rows, reference) = (item.rows, item.reference)
    let boxes = ImprovementBoxes(rows, reference: reference).boxes
    let m = item.objectives
    let inside = rows.filter { zip($0, reference).allSatisfy { $0 < $1 } }
    let distinct = Set(inside).count
    #expect(boxes.count <= (m == 2 ? distinct + 1 : 2 * distinct + 1))
    let low = -3.0
    var volume = 0.0
    for box in boxes {
      volume += (0..<m).reduce(1) { $0 * (box.upper[$1] - max(box.lower[$1], low)) }
    }
    let dominated = try ObjectivePoints(rows, objectives: m).hypervolume(reference: reference)
    let whole = reference.reduce(1) { $0 * ($1 - low) }
    #expect(abs(volume + dominated - whole) < 1e-9 * whole)
    let key = RandomKey(seed: item.seed, purpose: "probes")
    let probes = key.bits(200 * m).map { Double($0) / 0x1p32 }
    for place in 0..<200 {
      let probe = (0..<m).map { low + probes[place * m + $0] * (reference[$0] - low) }
      let owners = boxes.count { box in
        (0..<m).allSatisfy { probe[$0] > box.lower[$0] && probe[$0] <= box.upper[$0] }
      }
      let isDominated = rows.contains { zip($0, probe).allSatisfy { $0 <= $1 } }
      #expect(owners == (isDominated ? 0 : 1))
    }
  }
}
