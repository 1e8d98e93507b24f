import OuterloopText
import Testing

@testable import OuterloopCharts

@Suite struct TicksTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var kind: AxisScale
    var range: ClosedRange<Double>
    var count: Int
    var labels: [String]
    var base = ""
    var testDescription: String { "\(kind) \(range)" }
  }

  static let table: [Row] = [
    Row(kind: .linear, range: 0...1, count: 5, labels: ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    Row(
      kind: .linear, range: 0...1, count: 10, labels: (0...10).map { $0 == 10 ? "1.0" : "0.\($0)" }),
    Row(kind: .linear, range: -3...7, count: 5, labels: ["-2", "0", "2", "4", "6"]),
    Row(
      kind: .linear, range: 0.29...0.31, count: 4,
      labels: ["0.290", "0.295", "0.300", "0.305", "0.310"]),
    Row(kind: .linear, range: 0...2e7, count: 4, labels: ["0", "5e6", "1e7", "1.5e7", "2e7"]),
    Row(
      kind: .linear, range: -1e-7...1e-7, count: 4, labels: ["-1e-7", "-5e-8", "0", "5e-8", "1e-7"]),
    Row(kind: .linear, range: 0...100_000, count: 2, labels: ["0", "50000", "100000"]),
    Row(
      kind: .linear, range: 1e9...1e9 + 2, count: 4, labels: ["0.0", "0.5", "1.0", "1.5", "2.0"],
      base: " − 1000000000"),
    Row(
      kind: .linear, range: -1e9...(-1e9 + 2), count: 2, labels: ["0", "1", "2"],
      base: " + 1000000000"),
    Row(kind: .log, range: 1e-3...1, count: 6, labels: ["1e-3", "1e-2", "1e-1", "1"]),
    Row(
      kind: .log, range: 0.01...1000, count: 8, labels: ["0.01", "0.1", "1", "10", "100", "1000"]),
    Row(kind: .log, range: 1e-12...1, count: 5, labels: ["1e-12", "1e-9", "1e-6", "1e-3", "1"]),
    Row(kind: .log, range: 1e-5...1e4, count: 4, labels: ["1e-3", "1", "1e3"]),
    Row(kind: .log, range: 15...280, count: 6, labels: ["20", "50", "100", "200"]),
    Row(kind: .log, range: 2...3.5, count: 4, labels: ["2.0", "2.5", "3.0", "3.5"]),
    Row(kind: .log, range: 2e-5...8e-5, count: 6, labels: ["2e-5", "3e-5", "5e-5", "7e-5"]),
  ]

  @Test(arguments: table) func choosesLabels(_ row: Row) {
    let scale = Scale(showing: [], kind: row.kind, range: row.range)
    let ticks = Ticks(for: scale, count: row.count)
    #expect(ticks.major.map(\.label) == row.labels)
    #expect(ticks.base == row.base)
  }

  /// Whatever the limits: ticks rise, lie within them, are few, and labels tell them apart.
  @Test(arguments: [AxisScale.linear, .log]) func keepsItsLaws(_ kind: AxisScale) {
    var state: UInt64 = 42
    let next = { () -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / 9_007_199_254_740_992
    }
    for _ in 0..<3000 {
      let size = PowersOfTen.power(Int(next() * 60) - 30)
      let start = (kind == .log ? next() + 1e-3 : next() - 0.5) * size
      let end = start + next() * size * PowersOfTen.power(Int(next() * 16) - 8)
      let scale = Scale(showing: [start, end], kind: kind)
      let count = 2 + Int(next() * 8)
      let ticks = Ticks(for: scale, count: count)
      let values = ticks.major.map(\.value)
      let slack = (scale.upper - scale.lower) * 1e-6
      #expect(!values.isEmpty && values.count <= count + 3, "\(scale)")
      #expect(zip(values, values.dropFirst()).allSatisfy(<), "\(scale)")
      #expect(
        values.allSatisfy { $0 >= scale.lower - slack && $0 <= scale.upper + slack }, "\(scale)")
      #expect(Set(ticks.major.map(\.label)).count == values.count, "\(scale) \(ticks.major)")
      #expect(ticks.major.allSatisfy { $0.label.count <= 11 }, "\(scale) \(ticks.major)")
    }
  }

  @Test func countsWholeNumbersInWholeSteps() {
    let scale = Scale(showing: [0, 1, 2, 3], kind: .linear)
    #expect(Ticks(for: scale, count: 12).major.map(\.label) == ["0", "1", "2", "3"])
  }
}

@Suite struct TextWidthTests {
  @Test func wrapsAndCuts() {
    #expect(TextWidth.fit("short", into: 100, size: 10) == "short")
    #expect(TextWidth.fit("much too long", into: 40, size: 10).last == "…")
    #expect(TextWidth.wrap("one two three", into: 60, lines: 2, size: 12) == ["one two", "three"])
    #expect(TextWidth.wrap("", into: 60, lines: 2, size: 12) == [])
  }
}
