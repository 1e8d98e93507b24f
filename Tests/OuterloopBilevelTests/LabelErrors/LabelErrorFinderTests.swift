import OuterloopLearning
import OuterloopNumerics
import Testing

@testable import OuterloopBilevel

@Suite struct LabelErrorFinderTests {
  /// Clouds of three classes in four columns, with a fifth of the labels moved.
  private struct Clouds {
    var features: [Float]
    var truth: [Int32]
    var labels: [Int32]

    init(_ rows: Int, share: Double = 0.2, seed: UInt64 = 0) throws {
      let noise = try RandomKey(seed: seed, purpose: "x").normal([rows, 4]).scalars(Float.self)
      let u = try RandomKey(seed: seed, purpose: "u").uniform([rows, 2], dtype: .float64).doubles()
      truth = (0..<rows).map { Int32($0 % 3) }
      labels = truth
      features = noise
      for row in 0..<rows {
        features[4 * row] += 4 * Float(truth[row])
        features[4 * row + 1] -= truth[row] == 1 ? 5 : 0
        if u[2 * row] < share { labels[row] = (truth[row] + (u[2 * row + 1] < 0.5 ? 1 : 2)) % 3 }
      }
    }

    func data(_ change: (Int, Float) -> Float = { $1 }) throws -> LabeledData {
      try LabeledData(
        shape: [4], features: features.indices.map { change($0 % 4, features[$0]) },
        labels: labels, classNames: ["a", "b", "c"], source: "clouds")
    }

    var wrong: Set<Int> { Set(labels.indices.filter { labels[$0] != truth[$0] }) }
  }

  private static func f1(_ found: LabelErrors, _ wrong: Set<Int>) -> Double {
    let hits = found.suspicious.filter { wrong.contains($0) }.count
    return 2 * Double(hits) / Double(found.suspicious.count + wrong.count)
  }

  @Test(arguments: [LabelErrorFinder.Model.linear, .fourier])
  func findsMovedLabels(_ model: LabelErrorFinder.Model) throws {
    let clouds = try Clouds(300)
    var finder = LabelErrorFinder()
    finder.model = model
    let found = try finder.find(in: clouds.data())
    let wrong = clouds.wrong
    #expect(Self.f1(found, wrong) > 0.93)
    #expect(abs(found.expectedWrong - Double(wrong.count)) < 12)
    let right = wrong.filter { found.likely[$0] == clouds.truth[$0] }
    #expect(Double(right.count) > 0.93 * Double(wrong.count))
    #expect(found.probabilities.allSatisfy { (0...1).contains($0) })
    for row in 0..<3 {
      #expect(abs(found.noise[3 * row..<3 * row + 3].reduce(0, +) - 1) < 1e-9)
    }
  }

  /// What is measured in, and from where, changes nothing: 300 K, 1013 hPa, millimetres.
  @Test func unitsAndOffsetsDoNotMatter() throws {
    let clouds = try Clouds(300, seed: 4)
    let plain = try LabelErrorFinder().find(in: clouds.data())
    let units: [(Float, Float)] = [(1, 280), (8, 1013), (0.001, 0), (1000, -5000)]
    let weather = try LabelErrorFinder().find(
      in: clouds.data { column, value in units[column].0 * value + units[column].1 })
    let both = Set(plain.suspicious).intersection(weather.suspicious).count
    #expect(both >= max(plain.suspicious.count, weather.suspicious.count) - 2)
    for row in plain.probabilities.indices {
      #expect(abs(plain.probabilities[row] - weather.probabilities[row]) < 0.1)
    }
  }

  @Test func columnsWithoutInformationDoNotHurt() throws {
    let clouds = try Clouds(300, seed: 5)
    var wide: [Float] = []
    for row in 0..<300 { wide += clouds.features[4 * row..<4 * row + 4] + [1e6] }
    let constant = try LabeledData(
      shape: [5], features: wide, labels: clouds.labels, classNames: ["a", "b", "c"],
      source: "clouds")
    let found = try LabelErrorFinder().find(in: constant)
    #expect(found == (try LabelErrorFinder().find(in: clouds.data())))
  }

  @Test func trustedRowsAreNeverSuspicious() throws {
    let clouds = try Clouds(300, share: 0.4, seed: 6)
    let trusted = clouds.labels.indices.map { clouds.labels[$0] == clouds.truth[$0] && $0 < 60 }
    let found = try LabelErrorFinder().find(in: clouds.data(), trusted: trusted)
    for row in trusted.indices where trusted[row] {
      #expect(found.probabilities[row] == 0)
      #expect(found.likely[row] == clouds.labels[row])
    }
    #expect(Self.f1(found, clouds.wrong) > 0.9)
  }

  /// Half of the labels of class 0 say 1, and half of those of class 1 say 0: only the trusted rows,
  /// a tenth of all, tell which of the two is which.
  @Test func trustedRowsDecideBetweenExchangedClasses() throws {
    var clouds = try Clouds(600, share: 0, seed: 8)
    for row in 60..<600 where row % 2 == 0 && clouds.truth[row] < 2 {
      clouds.labels[row] = 1 - clouds.truth[row]
    }
    let found = try LabelErrorFinder().find(
      in: clouds.data(), trusted: (0..<600).map { $0 < 60 })
    #expect(Self.f1(found, clouds.wrong) > 0.95)
  }

  /// Texts of eight kinds, each with words of its own among those of all, a third labelled wrong: as
  /// many columns as texts have, nearly all of them 0.
  @Test func findsMovedLabelsOfTexts() throws {
    let (rows, words, kinds) = (480, 1600, 8)
    let u = try RandomKey(seed: 9).uniform([rows, 42], dtype: .float64).doubles()
    var features = [Float](repeating: 0, count: rows * words)
    var labels = [Int32](repeating: 0, count: rows)
    var wrong: Set<Int> = []
    for row in 0..<rows {
      let kind = row % kinds
      for place in 0..<40 {
        let own = place < 12
        let word =
          own ? kind * 100 + Int(u[42 * row + place] * 100) : Int(u[42 * row + place] * 1600)
        features[row * words + word] += 1
      }
      let isWrong = u[42 * row + 40] < 0.33
      if isWrong { wrong.insert(row) }
      labels[row] = Int32((kind + (isWrong ? 1 + Int(u[42 * row + 41] * 7) : 0)) % kinds)
    }
    let data = try LabeledData(
      shape: [words], features: features, labels: labels,
      classNames: (0..<kinds).map { "kind \($0)" }, source: "texts")
    #expect(try Self.f1(LabelErrorFinder().find(in: data), wrong) > 0.9)
  }

  @Test func rightLabelsGiveFewSuspects() throws {
    let found = try LabelErrorFinder().find(in: Clouds(300, share: 0).data())
    #expect(found.suspicious.count <= 6)
    #expect(found.expectedWrong < 6)
  }

  @Test func sameSeedSameAnswerOnAnyNumberOfThreads() throws {
    let data = try Clouds(120).data()
    let threads = ThreadBudget.threads
    defer { ThreadBudget.threads = threads }
    ThreadBudget.threads = 1
    let one = try LabelErrorFinder().find(in: data)
    ThreadBudget.threads = 2
    #expect(try LabelErrorFinder().find(in: data) == one)
  }

  @Test func stopsWhenAsked() throws {
    let data = try Clouds(60).data()
    #expect(throws: CancellationError.self) {
      try LabelErrorFinder().find(in: data, isStopped: { true })
    }
  }

  @Test(arguments: [2, 3, 5])
  func fewRows(_ rows: Int) throws {
    let clouds = try Clouds(rows, share: 0)
    let names = Array(["a", "b", "c"].prefix(min(3, rows)))
    let data = try LabeledData(
      shape: [4], features: clouds.features, labels: clouds.labels, classNames: names,
      source: "few")
    for model in [LabelErrorFinder.Model.linear, .fourier] {
      var finder = LabelErrorFinder()
      finder.model = model
      let found = try finder.find(in: data)
      #expect(found.probabilities.allSatisfy { $0.isFinite })
    }
  }

  @Test func badSettingsAreErrors() throws {
    let data = try Clouds(30).data()
    var finder = LabelErrorFinder()
    finder.folds = 1
    #expect(throws: BilevelError.self) { try finder.find(in: data) }
    finder.folds = 5
    finder.repeats = 0
    #expect(throws: BilevelError.self) { try finder.find(in: data) }
    #expect(throws: BilevelError.self) { try LabelErrorFinder().find(in: data, trusted: [true]) }
  }
}

@Suite struct LabelErrorsTests {
  /// The chosen number of rows has the largest expected F1 among all.
  @Test func suspiciousRowsHaveTheLargestExpectedF1() throws {
    for seed in 0..<20 {
      let p = try RandomKey(seed: UInt64(seed)).uniform([30], dtype: .float64).doubles()
        .map { $0 * $0 * $0 }
      let posterior = p.flatMap { [1 - $0, $0] }
      let found = LabelErrors(
        labels: [Int32](repeating: 0, count: 30), classes: 2, posterior: posterior,
        prediction: posterior, noise: [1, 0, 0, 1], trusted: [Bool](repeating: false, count: 30))
      let sorted = p.sorted(by: >)
      func expected(_ count: Int) -> Double {
        2 * sorted.prefix(count).reduce(0, +) / (Double(count) + p.reduce(0, +))
      }
      let chosen = expected(found.suspicious.count)
      for count in 1...30 { #expect(expected(count) <= chosen + 1e-12) }
    }
  }
}
